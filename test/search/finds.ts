import { expect } from 'chai';
import { it } from 'mocha';
import type { Api } from '../auth/http/api.ts';

/** A test for each rule, query and the ids that it finds, with a space between them; `section` is that of FHIR R4. */
export function finds(
  api: () => Api,
  section: string,
  rows: readonly (readonly [rule: string, query: string, expected: string])[],
): void {
  for (const [rule, query, expected] of rows) {
    it(`${section}: ${rule}`, async () => {
      const found = (await api().found(encodeURI(query))).map(({ id }) => id);
      expect(found.join(' '), query).to.equal(expected);
    });
  }
}
