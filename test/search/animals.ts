/** Code systems, and observations coded by them. */
import { expect } from 'chai';
import { type Api, startApi } from '../auth/http/api.ts';
import type { Reply } from '../harness/http.ts';

export const ANIMALS = 'http://systems.example/animals';
export const STATUS = 'http://hl7.org/fhir/observation-status';
const STANDARD = 'http://hl7.org/fhir/concept-properties#';
const marked = (code: string) => [{ code, valueBoolean: true }];
const parents = (...codes: string[]) => codes.map((code) => ({ code: 'under', valueCode: code }));

/** The system of most tests: a dingo is both a dog and wild, and `loop` and `pool` stand above each other. */
const WHOLE = {
  content: 'complete',
  property: [
    { code: 'under', uri: `${STANDARD}parent`, type: 'code' },
    { code: 'holds', uri: `${STANDARD}child`, type: 'code' },
    { code: 'group', uri: `${STANDARD}notSelectable`, type: 'boolean' },
    { code: 'inactive', type: 'boolean' },
    { code: 'legs', type: 'integer' },
    { code: 'weight', type: 'decimal' },
    { code: 'eats', type: 'Coding' },
    { code: 'note', type: 'string' },
  ],
  concept: [
    {
      code: 'animal',
      property: marked('group'),
      concept: [
        {
          code: 'dog',
          display: 'A dog',
          property: [
            { code: 'legs', valueInteger: 4 },
            { code: 'eats', valueCoding: { code: 'bone' } },
            { code: 'eats', valueCoding: { code: 'cat' } },
          ],
          concept: [{ code: 'pup', property: [{ code: 'legs', valueInteger: 3 }] }],
        },
        {
          code: 'cat',
          property: [
            { code: 'legs', valueInteger: 4 },
            { code: 'note', valueString: 'a,b' },
          ],
        },
      ],
    },
    { code: 'dingo', property: parents('dog', 'wild') },
    { code: 'wild', property: [{ code: 'holds', valueCode: 'wolf' }] },
    { code: 'wolf', property: [{ code: 'weight', valueDecimal: 40.5 }, ...marked('inactive')] },
    { code: 'loop', property: parents('pool') },
    { code: 'pool', property: parents('loop') },
  ],
};

/** Code systems by their ids; the id is the last part of the URL, unless they say otherwise. */
const SYSTEMS: Record<string, object> = {
  animals: WHOLE,
  plain: {
    content: 'complete',
    hierarchyMeaning: 'is-a',
    concept: [{ code: 'a', property: [{ code: 'parent', valueCode: 'b' }] }, { code: 'b' }],
  },
  parts: { content: 'complete', hierarchyMeaning: 'part-of', concept: [{ code: 'dog', concept: [{ code: 'leg' }] }] },
  fragment: { content: 'fragment', concept: [{ code: 'dog' }] },
  v1: { url: 'http://systems.example/versions', version: '1', content: 'complete', concept: [{ code: 'dog' }] },
  v2: { url: 'http://systems.example/versions', version: '2', content: 'complete', concept: [{ code: 'cat' }] },
  status: {
    url: STATUS,
    content: 'complete',
    concept: [{ code: 'final', concept: [{ code: 'amended', concept: [{ code: 'corrected' }] }] }],
  },
  large: {
    content: 'complete',
    concept: [{ code: 'top', concept: Array.from({ length: 3000 }, (_, index) => ({ code: `c${index}` })) }],
  },
};

export const OBSERVATIONS = ['animal', 'dog', 'pup', 'cat', 'dingo', 'wild', 'wolf', 'loop', 'pool', 'stray'];

/** A server that has them. */
export async function startWithAnimals(): Promise<Api> {
  const api = await startApi({ BASE_URL: 'https://ward.example' });
  for (const [id, content] of Object.entries(SYSTEMS)) {
    await api.put(`/CodeSystem/${id}`, { url: `http://systems.example/${id}`, status: 'active', ...content });
  }
  for (const id of OBSERVATIONS) {
    const member = { dingo: 'wolf', cat: 'dingo' }[id];
    await api.put(`/Observation/${id}`, {
      status: 'final',
      code: {
        coding: [
          { system: 'urn:else', code: '1' },
          { system: ANIMALS, code: id },
        ],
      },
      ...(member && { hasMember: [{ reference: `Observation/${member}` }] }),
    });
  }
  const other = { coding: [{ system: 'http://systems.example/versions', code: 'cat' }, { code: 'dog' }] };
  await api.put('/Observation/other', { status: 'amended', code: other });
  await api.put('/Observation/words', { status: 'corrected', code: { text: 'dog' } });
  return api;
}

/** The ids of what a search has found. */
export function idsOf(reply: Reply): string[] {
  expect(reply.status, reply.text).to.equal(200);
  const ids = reply.list('entry').map((_, index) => reply.string(`entry.${index}.resource.id`));
  expect(reply.at('total')).to.equal(ids.length);
  return ids;
}
