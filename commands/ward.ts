import type { Config } from '../server/config.ts';
import { openWard, type Ward, type WardOptions } from '../server/open.ts';
import { welcome } from '../server/startup/welcome.ts';

/** Runs work on the open database. First prints what opening it did to the root client, like a start. */
export async function withWard(
  config: Config,
  work: (ward: Ward) => Promise<string>,
  options?: WardOptions,
): Promise<string> {
  const ward = await openWard(config, options);
  try {
    process.stdout.write(rootNews(ward));
    return await work(ward);
  } finally {
    await ward.close();
  }
}

/** Returns the news about the root client. A new secret must be printed now, because it cannot be shown again. */
export function rootNews({ config, root }: Ward): string {
  if (root.outcome === 'created') return welcome(config, root);
  return root.outcome === 'reset' ? `The secret of the root client ${root.id} was reset.\n` : '';
}
