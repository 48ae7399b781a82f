/** How much a generated test runs: whole in `npm run test:long`, a tenth or less in `npm test`, from a printed seed. */
export const SEED = Number(process.env['TEST_SEED'] ?? 1);
export const LONG = process.env['TEST_LONG'] === '1';

/** fast-check's parameters for a property that is meant to run `whole` times, and in the ordinary run `ordinary`. */
export function runs(whole: number, ordinary = Math.ceil(whole / 10)): { numRuns: number; seed: number } {
  return { numRuns: LONG ? whole : ordinary, seed: SEED };
}
