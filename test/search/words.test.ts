/** The words that go with a code, found by `:text` (FHIR R4 §3.1.1.4.4, §3.1.1.4.10). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { asRoot } from '../harness/server.ts';
import { finds } from './finds.ts';

const LOINC = 'http://loinc.org';
const RESOURCES: [address: string, resource: object][] = [
  ['/Patient/ann', { communication: [{ language: { coding: [{ code: 'fr', display: 'Français' }] } }] }],
  [
    '/Patient/bea',
    {
      meta: { tag: [{ system: 'urn:tags', code: 'v', display: 'Very important' }] },
      identifier: [{ type: { text: 'Passport' }, value: 'Number' }],
    },
  ],
  [
    '/Observation/weight',
    {
      status: 'final',
      identifier: [{ type: { text: 'Lab number' }, value: '1' }],
      subject: { reference: 'Patient/ann' },
      code: { coding: [{ system: LOINC, code: '29463-7', display: 'Body weight' }], text: 'Gewicht  in Kilogramm' },
      valueCodeableConcept: { text: 'Über dem Soll' },
    },
  ],
  [
    '/Observation/height',
    {
      status: 'final',
      code: {
        coding: [
          { system: LOINC, code: '8302-2', display: 'Body height' },
          { code: 'h', display: 'Höhe' },
        ],
      },
      component: [{ code: { text: 'While standing' }, valueBoolean: true }],
    },
  ],
];

const FINDS: [rule: string, query: string, ids: string][] = [
  ['CodeableConcept.text', '/Observation?code:text=gewicht', 'weight'],
  ['Coding.display, of whichever coding', '/Observation?code:text=höhe', 'height'],
  ['by what it starts with', '/Observation?code:text=body', 'weight height'],
  ['not by what is within it', '/Observation?code:text=weight', ''],
  ['without case, accents and white space', '/Observation?code:text=GEWICHT in kilo', 'weight'],
  ['several', '/Observation?code:text=gewicht,body h', 'weight height'],
  ['with an escaped comma', '/Observation?code:text=body\\,h', ''],
  ['a value in words', '/Observation?value-concept:text=uber', 'weight'],
  ['the parts of an element by their own parameter alone', '/Observation?code:text=while', ''],
  ['the parts of an element', '/Observation?component-code:text=while', 'height'],
  ['codes are no words', '/Observation?code:text=29463-7', ''],
  ['nor are words codes', '/Observation?code=Body weight', ''],
  ['a Coding by itself', '/Patient?_tag:text=very', 'bea'],
  ['Identifier.type.text', '/Patient?identifier:text=pass', 'bea'],
  ['not the value of an Identifier', '/Patient?identifier:text=num', ''],
  ['Identifier.type.text through _has', '/Patient?_has:Observation:patient:identifier:text=lab', 'ann'],
  ['through a chain', '/Observation?subject:Patient.language:text=francais', 'weight'],
  ['through _has', '/Patient?_has:Observation:patient:code:text=body', 'ann'],
];

describe('Words of codes: :text', () => {
  let api: Api;
  const ask = (query: string) => api.request('GET', encodeURI(query), { as: asRoot });

  before(async () => {
    api = await startApi();
    for (const [address, resource] of RESOURCES) await api.put(address, resource);
  });
  after(() => api.stop());

  finds(() => api, '§3.1.1.4.10', FINDS);

  it('is refused, with what there is, where an element has no words', async () => {
    for (const [query, known] of [
      ['/Patient?gender:text=female', ':missing, :not, :in, :not-in, :above, :below'],
      ['/Observation?status:text=final', ':missing, :not, :in, :not-in, :above, :below'],
      ['/Observation?subject:text=ann', ':missing, :identifier, :[type], :above, :below'],
      ['/Observation?patient:text=ann', ':missing, :identifier, :[type]'],
    ] as const) {
      const reply = await ask(query);
      expect([reply.status, reply.at('issue.0.code')], query).to.eql([400, 'not-supported']);
      expect(reply.string('issue.0.diagnostics'))
        .to.match(/no modifier "text"/)
        .and.include(`It has: ${known}.`);
    }
    expect((await ask('/Observation?code:text=%20,\\,')).status).to.equal(200);
  });

  it('words that have changed are found no more', async () => {
    const put = (text: string) => api.put('/Observation/late', { status: 'final', code: { text } });
    await put('Early words');
    await put('Late words');
    expect(await api.found('/Observation?code:text=early')).to.have.length(0);
    expect(await api.found('/Observation?code:text=late')).to.have.length(1);
    await api.remove('/Observation/late');
    expect(await api.found('/Observation?code:text=late')).to.have.length(0);
  });
});
