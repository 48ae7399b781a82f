/** `npm start`: reads the settings, serves, and stops when it is asked to. */
import { readConfig } from './config.ts';
import { endWith } from './refusal.ts';
import { startServer } from './start.ts';

try {
  const config = readConfig(process.env);
  const server = await startServer(config);
  // Whoever asked for any port must learn which, whatever is logged.
  if (config.port === 0) process.stdout.write(`Listening on ${server.url} (port ${server.port})\n`);
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
  endWith(error);
}
