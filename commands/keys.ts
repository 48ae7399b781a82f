/** `npm run keys [-- rotate [--now]]`: lists the keys that tokens are signed with, or makes the next one. */
import { rotateSigningKey, stateOf, storedKeys } from '../auth/signing-keys.ts';
import type { Ward } from '../server/open.ts';
import { runCommand, withWard } from './command.ts';
import { CommandError } from './errors.ts';

const COMMANDS = new Map([
  ['', list],
  ['rotate', rotate],
  ['rotate --now', rotateNow],
]);

await runCommand('keys', (config) => {
  const asked = process.argv.slice(2).join(' ');
  const command = COMMANDS.get(asked);
  if (!command) {
    throw new CommandError(
      'this is not known; there is `npm run keys`, `npm run keys -- rotate`, and, for keys that others may have, ' +
        '`npm run keys -- rotate --now`',
    );
  }
  return withWard(config, command);
});

/** A line for each key: its `kid`, its algorithm, what it is now, and its times. */
async function list({ engine, config, clock }: Ward): Promise<string> {
  const keys = await storedKeys(engine.committed);
  const lines = keys.map((key) => {
    const { kid, alg, publishedAt, signsFrom, neededUntil } = key;
    const state = stateOf(key, keys, config.signingAlg, clock());
    const needed = neededUntil > signsFrom ? `, needed until ${time(neededUntil)}` : '';
    return `${kid}  ${alg}  ${state}  published ${time(publishedAt)}, signs from ${time(signsFrom)}${needed}\n`;
  });
  return lines.length === 0 ? 'There is no key yet: the first start makes one.\n' : lines.join('');
}

async function rotate({ engine, seal, config }: Ward): Promise<string> {
  const { outcome, kid, signsFrom } = await rotateSigningKey({ engine, seal, alg: config.signingAlg }, false);
  if (outcome === 'signing') return `There was no key: ${kid} signs from now on.\n`;
  const told = outcome === 'pending' ? 'is published already, and none was made' : 'is published';
  return (
    `The key ${kid} ${told}. It signs from ${time(signsFrom)}; the one before stays published until the last token ` +
    'that it signed has ended.\n'
  );
}

async function rotateNow({ engine, seal, config }: Ward): Promise<string> {
  const { kid } = await rotateSigningKey({ engine, seal, alg: config.signingAlg }, true);
  return (
    `The key ${kid} signs from now on, and all others are gone. Every JWT that they signed, access and refresh ` +
    'tokens, is refused from now on: whoever holds one signs in again. Opaque tokens stay good. Others that verify ' +
    'our tokens may take the old keys for five minutes more, as they may keep the published set for so long.\n'
  );
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
