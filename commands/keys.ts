/** `npm run keys [-- rotate [--now]] [--url URL]`: lists the signing keys, or creates the next one. */
import type { JsonObject } from '../resources/json/value.ts';
import type { Config } from '../server/config.ts';
import { readArguments } from './arguments.ts';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { reach } from './reach/open.ts';
import type { KeyWish, Reach } from './reach/reach.ts';

type Command = (way: Reach, config: Config) => Promise<string>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['', list],
  ['rotate', rotate],
  ['rotate --now', rotateNow],
]);

await runCommand('keys', async (config) => {
  const { words, flags, url } = readArguments(['now']);
  const command = COMMANDS.get([...words, ...flags.map((name) => `--${name}`)].join(' '));
  if (!command) {
    throw new CommandError(
      'unknown arguments; use `npm run keys`, `npm run keys -- rotate`, or, if the keys may be known to others, ' +
        '`npm run keys -- rotate --now`',
    );
  }
  const way = await reach(config, url);
  try {
    return await command(way, config);
  } finally {
    await way.close();
  }
});

/** Returns one line per key: its `kid`, algorithm, state and times. */
async function list(way: Reach): Promise<string> {
  const keys = await way.keys();
  const lines = keys.map(({ kid, alg, state, published_at: published, signs_from: signsFrom, needed_until: until }) => {
    const needed = until === undefined ? '' : `, needed until ${until}`;
    return `${kid}  ${alg}  ${state}  published ${published}, signs from ${signsFrom}${needed}\n`;
  });
  return lines.length === 0 ? 'There is no key yet; the first start creates one.\n' : lines.join('');
}

async function rotate(way: Reach, config: Config): Promise<string> {
  const { outcome, kid, signs_from: signsFrom }: JsonObject = await way.rotateKeys(wish(config, false));
  if (outcome === 'signing') return `There was no key; the new key ${kid} signs from now on.\n`;
  const told = outcome === 'pending' ? 'was published before; no other was created' : 'is published';
  return (
    `The key ${kid} ${told}. It signs from ${signsFrom}; the previous key stays published until the last token that ` +
    'it signed has expired.\n'
  );
}

async function rotateNow(way: Reach, config: Config): Promise<string> {
  const { kid } = await way.rotateKeys(wish(config, true));
  return (
    `The key ${kid} signs from now on; all other keys are deleted. Every JWT that they signed, access and refresh ` +
    'tokens, is refused from now on, so its holder must sign in again. Opaque tokens stay valid. Other servers that ' +
    'verify these tokens may accept the old keys for five more minutes, while they cache the key set.\n'
  );
}

/** Names an algorithm only if the settings do: the default of this process need not be that of the server asked. */
function wish({ signingAlg, given }: Config, now: boolean): KeyWish {
  return { now, ...(given.has('SIGNING_ALG') ? { alg: signingAlg } : {}) };
}
