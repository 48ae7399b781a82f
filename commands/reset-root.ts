/** `npm run reset-root`: gives the root client a new secret, which is printed once. */
import { resetRoot } from '../auth/bootstrap.ts';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { withWard } from './ward.ts';

await runCommand('reset-root', (config) => {
  if (config.rootClientSecret !== undefined) {
    const variable = config.given.has('ROOT_CLIENT_SECRET_FILE') ? 'ROOT_CLIENT_SECRET_FILE' : 'ROOT_CLIENT_SECRET';
    throw new CommandError(
      `${variable} is set, so the next start would restore that secret: ` +
        'change it and start the server, or unset it and run this command again',
    );
  }
  return withWard(config, async ({ engine, random, root }) => {
    // On an empty database, a secret has just been created and printed.
    if (root.outcome === 'created') return '';
    const { id, secret } = await resetRoot(engine, random);
    return (
      `The root client ${id} has a new secret: ${secret}\nIts tokens are revoked. ` +
      'A server started with ROOT_CLIENT_SECRET uses that secret instead.\n'
    );
  });
});
