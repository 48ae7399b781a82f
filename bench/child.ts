/** The entry of a benchmark's child process: `child.ts TASK` answers each message with what the task gives. */
import { insertGroups } from './floors/insert.ts';
import { serveBytes } from './floors/koa.ts';
import { makeLoad } from './load.ts';

type Task = (request: never) => Promise<unknown>;

const TASKS: Record<string, Task> = { koa: serveBytes, insert: insertGroups, load: makeLoad };

const task = TASKS[process.argv[2] ?? ''];
if (!task) throw new Error(`no task ${process.argv[2]}`);
process.on('message', async (request) => {
  process.send?.(await task(request as never));
});
