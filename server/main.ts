/** `npm start`: reads the settings, serves, and stops when it is asked to. */
import { setFlagsFromString } from 'node:v8';
import { readConfig } from './config.ts';
import { startServer } from './start.ts';
import { endWith } from './startup/end-with.ts';
import { endAtOnce, isSupervisor, startWorkers, stopFirstWorker, tellSupervisor } from './workers.ts';

// V8 gives what often outlives a first collection a place among old objects from then on. A burst of writes teaches it
// that of requests, and each then keeps what it points to from being collected: reads lost a fifth of their time to it.
setFlagsFromString('--no-allocation-site-pretenuring');

// V8 lets what is old grow to several times what was left of it before it looks again. Pages of a thousand resources
// leave it much to find: half as much again needs a quarter less memory, and no more time where requests are small.
setFlagsFromString('--heap-growing-percent=50');

/** Milliseconds: a terminal and npm each pass on what was pressed once, and that is one signal. */
const SAME_SIGNAL = 1000;

try {
  const config = readConfig(process.env);
  let begun = false;
  let stoppedAt: number | undefined;
  const begin = () => {
    begun = true;
  };
  const starting = isSupervisor(config) ? startWorkers(config) : startServer(config, { begun: begin });
  // The last is sent by a terminal that is closed, and by who expects a server to open its log anew.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stoppedAt !== undefined) {
        if (performance.now() - stoppedAt > SAME_SIGNAL) endAtOnce();
        return;
      }
      stoppedAt = performance.now();
      // A start may wait for ever for a lock that another holds; once it has that, it goes on until it can stop.
      if (!begun && !stopFirstWorker()) process.exit(0);
      starting
        .then((server) => server.close())
        .then(
          () => process.exit(0),
          (error: unknown) => endWith(error),
        );
    });
  }
  const server = await starting;
  begin();
  if (!tellSupervisor(server)) {
    // Whoever asked for any port must learn which, whatever is logged.
    if (config.port === 0) process.stdout.write(`Listening on ${server.url} (port ${server.port})\n`);
    process.stdout.write(server.welcome);
  }
} catch (error) {
  endWith(error);
}
