import { type LevelWithSilentOrString, type Logger, pino } from 'pino';

/** Characters that wait to be written at the most; a turn that logs more writes sooner. */
const MOST_WAITING = 16_000;

/** A logger that writes JSON lines to stdout. What waits is written before the process ends, unless it is killed. */
export function createLogger(level: LevelWithSilentOrString): Logger {
  return pino({ level }, { write: gather });
}

const stdout = pino.destination({ dest: 1, sync: true });
let waiting = '';
process.once('exit', flush);

/** Lines of one turn of the event loop are written together: one by itself would cost each request a system call. */
function gather(line: string): void {
  if (waiting === '') setImmediate(flush);
  waiting += line;
  if (waiting.length >= MOST_WAITING) flush();
}

function flush(): void {
  if (waiting === '') return;
  stdout.write(waiting);
  waiting = '';
}
