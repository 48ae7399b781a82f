import { type LevelWithSilentOrString, type Logger, pino } from 'pino';

/** Characters that wait to be written at the most. */
const MOST_WAITING = 16_000;

/** Bytes that are kept where they cannot be written, as on a full disk or unread; what comes then is lost. */
const MOST_KEPT = 1_000_000;

/** Milliseconds from one write to the next, where there is less to write. */
const PAUSE = 10;

/** A logger that writes JSON lines to stdout. What waits is written before the process ends, unless it is killed. */
export function createLogger(level: LevelWithSilentOrString): Logger {
  return pino({ level }, { write: gather });
}

// A pipe that nobody reads is not waited for: nothing else would be done meanwhile.
const stdout = pino.destination({ dest: 1, sync: true, maxLength: MOST_KEPT, retryEAGAIN: () => false });
// That nothing can be logged is no reason to end, and nowhere to be told: it is written with what comes later.
stdout.on('error', () => undefined);
// What is too much is not written, nor is what was kept: it has to be tried again.
stdout.on('drop', () => stdout.write(''));
let waiting = '';
let isDue = false;
let written = 0;
process.once('exit', () => stdout.write(waiting));

/** Lines are written with the turn of the event loop, or soon after the last: one by one each would cost a call. */
function gather(line: string): void {
  waiting += line;
  if (waiting.length >= MOST_WAITING) write();
  if (isDue) return;
  isDue = true;
  const early = written + PAUSE - performance.now();
  if (early > 0) setTimeout(writeDue, early).unref();
  else setImmediate(writeDue);
}

function writeDue(): void {
  isDue = false;
  write();
}

function write(): void {
  if (waiting === '') return;
  stdout.write(waiting);
  waiting = '';
  written = performance.now();
}
