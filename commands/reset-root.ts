/** `npm run reset-root`: gives the root client a new secret, which is printed once. */
import { resetRoot } from '../auth/bootstrap.ts';
import { readConfig } from '../server/config.ts';
import { openWard } from '../server/open.ts';
import { endWith } from '../server/refusal.ts';

try {
  const ward = await openWard(readConfig(process.env));
  try {
    const { id, secret } = await resetRoot(ward.engine, ward.random);
    process.stdout.write(`The root client ${id} has a new secret: ${secret}\nIts tokens have ended.\n`);
  } finally {
    await ward.close();
  }
} catch (error) {
  endWith(error);
}
