import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** The version of this software, as `package.json` has it. */
export const VERSION: string = JSON.parse(readFileSync(resolve('#package'), 'utf8')).version;
