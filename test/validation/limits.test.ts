/** What a body may cost: its depth, the number of its issues, and the time its texts take. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { PRIMITIVES } from '../../resources/validate/primitives.ts';
import { parseLiteral } from '../../resources/validate/references.ts';
import { findings, issuesOf, patient } from './check.ts';

function nested(levels: number): JsonObject {
  let extension: JsonObject = { url: 'http://a.example', valueString: 'b' };
  for (let level = 0; level < levels; level++) extension = { url: 'http://a.example', extension: [extension] };
  return patient({ extension: [extension] });
}

describe('validation: limits', () => {
  it('stops at a depth that no resource needs, and says where', () => {
    expect(findings(nested(50))).to.eql([]);
    expect(findings(nested(5000)).map(([code]) => code)).to.eql(['structure']);
  });

  it('lists a thousand issues, and says that there are more', () => {
    const issues = issuesOf(patient({ name: new Array(5000).fill(1) }));
    expect(issues).to.have.lengthOf(1001);
    expect(issues.at(-1)).to.include({ severity: 'information', code: 'informational' });
  });

  it('takes time in proportion to a text, whatever its type', () => {
    const parts = ['a', '0', '.', '-', ' ', 'a ', 'A/', '=', ':', '1.', 'urn:oid:1.', 'a:', '0-'];
    const start = performance.now();
    for (const part of parts) {
      const text = `${part.repeat(200_000 / part.length)}!`;
      for (const primitive of Object.values(PRIMITIVES)) primitive.fault(text);
      parseLiteral(text);
      parseLiteral(`http://${text}`);
    }
    expect(performance.now() - start).to.be.below(3000);
  });
});
