/** `npm start`: reads the settings, serves, and stops when it is asked to. */
import { Failure } from '../resources/errors.ts';
import { ConfigError, readConfig } from './config.ts';
import { LockedError } from './lock.ts';
import { startServer } from './start.ts';

try {
  const server = await startServer(readConfig(process.env));
  process.stdout.write(server.welcome);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void server.close().then(() => process.exit(0));
    });
  }
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof LockedError || error instanceof Failure;
  // A mistake of whoever starts the server is told in a line; anything else with all that is known of it.
  console.error(expected ? `Ward did not start: ${error.message}` : error);
  process.exit(1);
}
