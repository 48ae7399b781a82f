/** The size of generated tests: full in `npm run test:long`, a tenth or less in `npm test`, from a printed seed. */
export const SEED = Number(process.env['TEST_SEED'] ?? 1);
export const LONG = process.env['TEST_LONG'] === '1';

/** Returns fast-check's parameters for a property: `whole` runs in the long run, `ordinary` otherwise. */
export function runs(whole: number, ordinary = Math.ceil(whole / 10)): { numRuns: number; seed: number } {
  return { numRuns: LONG ? whole : ordinary, seed: SEED };
}
