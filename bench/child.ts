/** The entry of a benchmark's child process: `child.ts TASK` answers each message with what the task gives. */

type Task = (request: never) => Promise<unknown>;

/** Loaded one by one: a floor's process holds nothing but the floor. */
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
