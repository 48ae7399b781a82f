/** Threads of a server that runs from its sources: they need the loader of the tests. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { StartThread } from '../../server/formats/yaml-thread.ts';

const LOADER = pathToFileURL(path.resolve('node_modules/tsx/dist/esm/api/index.mjs')).href;

/** Starts a thread from a module that is not compiled. */
export const startThread: StartThread = (module, workerData, resourceLimits) => {
  const code = `import { register } from '${LOADER}'; register(); await import('${module.href}');`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData, resourceLimits });
};
