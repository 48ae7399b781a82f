import type { Config } from '../server/config.ts';
import { openWard, type Ward, type WardOptions } from '../server/open.ts';
import { welcome } from '../server/startup/welcome.ts';

/** Does some work on the open database. What opening did to the root client is printed first, as a start would. */
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

/** A secret that was made just now is shown now or never. */
export function rootNews({ config, root }: Ward): string {
  if (root.outcome === 'created') return welcome(config, root);
  return root.outcome === 'reset' ? `The secret of the root client ${root.id} was set anew.\n` : '';
}
