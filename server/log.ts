import { type LevelWithSilentOrString, type Logger, pino } from 'pino';

/** Characters to buffer before a write is forced. */
const MOST_WAITING = 16_000;

/** Bytes to keep while stdout takes none (full disk, unread pipe); lines beyond that are dropped. */
const MOST_KEPT = 1_000_000;

/** Minimum milliseconds between two writes, unless the buffer is full. */
const PAUSE = 10;

/**
 * Creates a logger that writes JSON lines to stdout. The buffer is flushed when the process exits, unless by a kill.
 */
export function createLogger(level: LevelWithSilentOrString): Logger {
  return pino({ level }, { write: gather });
}

// Do not retry on EAGAIN: waiting for a pipe that nobody reads would block everything else.
const stdout = pino.destination({ dest: 1, sync: true, maxLength: MOST_KEPT, retryEAGAIN: () => false });
// A failed write must not end the process, and there is nowhere to report it: the bytes go out with the next write.
stdout.on('error', () => undefined);
// pino drops the excess line but does not flush what it kept; an empty write makes it try again.
stdout.on('drop', () => stdout.write(''));
let waiting = '';
let isDue = false;
let written = 0;
process.once('exit', () => stdout.write(waiting));

/**
 * Buffers lines and writes them once per turn of the event loop, at most every PAUSE: a write per line costs a syscall.
 */
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
