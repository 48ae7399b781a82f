/** How much a generated test runs: a tenth in `npm test`, whole in `npm run test:long`, from one printed seed. */
export const SEED = Number(process.env['TEST_SEED'] ?? 1);
export const LONG = process.env['TEST_LONG'] === '1';

/** fast-check's parameters for a property that is meant to run `whole` times. */
export function runs(whole: number): { numRuns: number; seed: number } {
  return { numRuns: LONG ? whole : Math.max(1, Math.ceil(whole / 10)), seed: SEED };
}
