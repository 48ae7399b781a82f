import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** The version of this software, from `package.json`. */
export const VERSION: string = JSON.parse(readFileSync(resolve('#package'), 'utf8')).version;
