/** `npm start`: reads the settings, starts the server, and stops it on a signal. */
import { setFlagsFromString } from 'node:v8';
import { readConfig } from './config.ts';
import { startServer } from './start.ts';
import { endWith } from './startup/end-with.ts';
import { endAtOnce, isSupervisor, startWorkers, stopFirstWorker, tellSupervisor } from './workers.ts';

// V8 allocates objects that often survive a first collection directly in old space from then on. A burst of writes
// teaches it that about requests, and each then keeps what it points to alive: reads lost a fifth of their time to it.
setFlagsFromString('--no-allocation-site-pretenuring');

// V8 lets the old space grow to several times its live size before it collects. Pages of a thousand resources leave
// much garbage: a growth of 50% needs a quarter less memory, at no cost in time where requests are small.
setFlagsFromString('--heap-growing-percent=50');

/** Milliseconds within which a repeated signal is the same one: a terminal and npm each forward a single Ctrl-C. */
const SAME_SIGNAL = 1000;

try {
  const config = readConfig(process.env);
  let begun = false;
  let stoppedAt: number | undefined;
  const begin = () => {
    begun = true;
  };
  const starting = isSupervisor(config) ? startWorkers(config) : startServer(config, { begun: begin });
  // SIGHUP comes from a closed terminal, and from operators who expect a server to reopen its log.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stoppedAt !== undefined) {
        if (performance.now() - stoppedAt > SAME_SIGNAL) endAtOnce();
        return;
      }
      stoppedAt = performance.now();
      // Until `begun`, the start may wait forever for a lock of another process; after it, it runs until it can stop.
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
    // With PORT=0 the caller must learn the port, whatever the log level.
    if (config.port === 0) process.stdout.write(`Listening on ${server.url} (port ${server.port})\n`);
    process.stdout.write(server.welcome);
  }
} catch (error) {
  endWith(error);
}
