/** The README's text and its command blocks, in order. */
import { readFileSync } from 'node:fs';

export const README = readFileSync('README.md', 'utf8');
const BLOCKS = [...README.matchAll(/^```bash\n(.*?)^```/gms)].map((match) => match[1] ?? '');

/** Those that install, start and test. */
export const NPM_BLOCKS = BLOCKS.filter((block) => block.startsWith('npm '));

/** Those that are pasted while a server runs. */
export const SHELL_BLOCKS = BLOCKS.filter((block) => !block.startsWith('npm '));
