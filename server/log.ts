import { type LevelWithSilentOrString, type Logger, pino } from 'pino';

/** Characters that wait to be written at the most. */
const MOST_WAITING = 16_000;

/** Milliseconds from one write to the next, where there is less to write. */
const PAUSE = 10;

/** A logger that writes JSON lines to stdout. What waits is written before the process ends, unless it is killed. */
export function createLogger(level: LevelWithSilentOrString): Logger {
  return pino({ level }, { write: gather });
}

const stdout = pino.destination({ dest: 1, sync: true });
let waiting = '';
let written = 0;
process.once('exit', flush);

/** A line goes out with the turn of the event loop; of many that come, a system call each would cost more than they. */
function gather(line: string): void {
  if (waiting === '') {
    const early = written + PAUSE - performance.now();
    if (early > 0) setTimeout(flush, early).unref();
    else setImmediate(flush);
  }
  waiting += line;
  if (waiting.length >= MOST_WAITING) flush();
}

function flush(): void {
  if (waiting === '') return;
  stdout.write(waiting);
  waiting = '';
  written = performance.now();
}
