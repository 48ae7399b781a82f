/** The entry point of a benchmark's child process: `child.ts TASK` answers each message with the result of the task. */

type Task = (request: never) => Promise<unknown>;

/** Imported on demand: the process of a floor must load nothing but the floor. */
const TASKS: Record<string, () => Promise<Task>> = {
  koa: async () => (await import('./floors/koa.ts')).serveBytes,
  insert: async () => (await import('./floors/insert.ts')).insertGroups,
  validate: async () => (await import('./validations.ts')).validatePatients,
  sign: async () => (await import('./floors/signing.ts')).signTexts,
  steady: async () => (await import('./steady.ts')).loadSteadily,
  load: async () => (await import('./load.ts')).makeLoad,
};

const task = await TASKS[process.argv[2] ?? '']?.();
if (!task) throw new Error(`no task ${process.argv[2]}`);
process.on('message', async (request) => {
  process.send?.(await task(request as never));
});
