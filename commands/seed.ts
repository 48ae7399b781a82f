/** `npm run seed`: loads the examples of `seeds/` into the database of a stopped server. */
import { loadSeeds } from '../seeds/load.ts';
import { runCommand } from './command.ts';
import { withWard } from './ward.ts';

await runCommand('seed', (config) => withWard(config, loadSeeds));
