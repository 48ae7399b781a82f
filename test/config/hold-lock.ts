/** Holds the lock of the file it is given until it is killed: what lock.test.ts starts. */
import { acquireLock } from '../../server/database/lock.ts';

await acquireLock(process.argv[2] ?? '');
process.stdout.write('held\n');
setInterval(() => undefined, 60_000);
