/** `npm run seed`: puts the examples of `seeds/` into a stopped server's database. */
import { loadSeeds } from '../seeds/load.ts';
import { runCommand } from './command.ts';
import { withWard } from './ward.ts';

await runCommand('seed', (config) => withWard(config, loadSeeds));
