/** The floor of a signed token: only RSA-2048 signatures, on one core. */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface SigningLoad {
  seconds: number;
}

/** Returns the signatures per second. */
export async function signTexts({ seconds }: SigningLoad): Promise<{ rate: number }> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const text = Buffer.alloc(600, 'claims of a token ');
  const began = performance.now();
  let made = 0;
  while (performance.now() - began < seconds * 1000) {
    sign('RSA-SHA256', text, privateKey);
    made += 1;
  }
  return { rate: made / ((performance.now() - began) / 1000) };
}
