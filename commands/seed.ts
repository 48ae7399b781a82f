/** `npm run seed`: puts the examples of `seeds/` into a stopped server's database. */
import { loadSeeds } from '../seeds/load.ts';
import { runCommand, withWard } from './command.ts';

await runCommand('seed', (config) => withWard(config, loadSeeds));
