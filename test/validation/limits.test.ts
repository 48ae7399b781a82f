/** What a body may cost: its depth, the number of its issues, and the time its texts take. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Json, JsonObject } from '../../resources/json/value.ts';
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
    const start = process.cpuUsage();
    for (const part of parts) {
      const text = `${part.repeat(200_000 / part.length)}!`;
      for (const primitive of Object.values(PRIMITIVES)) primitive.fault(text);
      parseLiteral(text);
      parseLiteral(`http://${text}`);
    }
    expect(process.cpuUsage(start).user, 'microseconds').to.be.below(3_000_000);
  });

  it('compares two lists in time in proportion to both', () => {
    const list = (length: number, item: (index: number) => Json) => Array.from({ length }, (_, index) => item(index));
    const panel = {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: list(4000, (index) => ({ code: `c${index}` })) },
      valueString: 'a',
      component: list(4000, () => ({ code: { coding: [{ code: 'other' }] } })),
    };
    const guide = {
      resourceType: 'ImplementationGuide',
      url: 'http://a.example',
      name: 'A',
      status: 'draft',
      packageId: 'a.b',
      fhirVersion: [...list(40_000, () => '0.01'), '4.0.1'],
      definition: {
        resource: [{ reference: { reference: 'Patient/1' }, fhirVersion: list(40_000, () => '4.0.1') }],
      },
    };
    const start = process.cpuUsage();
    for (const resource of [panel, guide]) expect(findings(resource)).to.eql([]);
    expect(process.cpuUsage(start).user, 'microseconds').to.be.below(2_000_000);
  });
});
