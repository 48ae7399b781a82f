/** Request bodies: valid, slightly wrong, and nonsense. */
import fc from 'fast-check';
import { dump } from 'js-yaml';
import {
  AUTH_PATHS,
  BROKEN_JWKS,
  CALLERS,
  HOSTILE,
  IDS,
  MEDIA,
  METHODS,
  ODD_MEDIA,
  PARAMETERS,
  placeOf,
  TYPES,
} from './words.ts';

export interface Body {
  type: string | undefined;
  bytes: Buffer;
}

const some = <Item>(...items: Item[]) => fc.constantFrom(...items);
const hostile = fc.constantFrom(...HOSTILE);
const jsonValue: fc.Arbitrary<unknown> = fc.oneof(
  hostile,
  fc.jsonValue({ maxDepth: 2 }),
  some<unknown>(1e21, -0, [[]], {}),
);

const RESOURCES: { resourceType: string; [element: string]: unknown }[] = [
  { resourceType: 'Patient', gender: 'female', name: [{ family: 'Fuzz' }], birthDate: '1970-01-01' },
  { resourceType: 'Patient', id: 'm', gender: 'male', managingOrganization: { reference: 'Organization/a' } },
  { resourceType: 'Patient', id: 'f', gender: 'female', contained: [{ resourceType: 'Organization', id: 'c' }] },
  { resourceType: 'Client', grant_types: ['client_credentials', 'basic'], first_party: true },
  ...BROKEN_JWKS.map((jwks) => ({ resourceType: 'Client', grant_types: ['client_credentials'], jwks })),
  { resourceType: 'User', userName: 'mallory', roles: [{ value: 'admin' }], data: { org: 'a' } },
  { resourceType: 'AccessPolicy', engine: 'allow' },
  { resourceType: 'AccessPolicy', engine: 'matcho', matcho: { uri: '#.*' }, link: [{ reference: 'Client/nothing' }] },
  { resourceType: 'Session', type: 'password', active: true, user: { reference: 'User/ann' } },
  { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: { resourceType: 'Patient' } }] },
];

const entry = fc.record({
  fullUrl: some(undefined, 'urn:uuid:0', 'x'),
  resource: some(undefined, ...RESOURCES),
  request: fc.record({
    method: some(...METHODS, 'X'),
    url: fc
      .tuple(some(...TYPES, 'auth', '/Patient'), some('', '/f', '/m', '?gender=female', '/x/y/z', '?_id=%zz'))
      .map(([type, rest]) => `${type}${rest}`),
    ifNoneExist: some(undefined, 'gender=female', '%'),
  }),
});
const bundle = fc.record({
  resourceType: fc.constant('Bundle'),
  type: some('batch', 'transaction', 'batch', 'transaction', 'history', 'x'),
  entry: fc.array(entry, { maxLength: 4 }),
});
const patch = fc.array(
  fc.record({
    op: some('add', 'replace', 'remove', 'test', 'move', 'copy', 'x'),
    path: some('/gender', '/name/0/family', '/name/-', '', '/__proto__/x', '/meta/versionId', '/secret', '/~2', 'x'),
    from: some('/name', '/gender', '/x'),
    value: jsonValue,
  }),
  { maxLength: 3 },
);

/** A value with one member added, replaced or removed. */
const changed = fc
  .tuple(
    some(...RESOURCES),
    some('id', 'gender', 'name', 'engine', 'link', '__proto__', 'meta', 'text', 'x'),
    jsonValue,
  )
  .map(([resource, name, value]) => ({ ...resource, ...JSON.parse(`{${JSON.stringify(name)}:null}`), [name]: value }));
const value: fc.Arbitrary<unknown> = fc.oneof(
  some<unknown>(...RESOURCES),
  changed,
  bundle,
  patch,
  fc.record({ gender: jsonValue, active: jsonValue }, { requiredKeys: [] }),
  jsonValue,
);

const GRANTS = ['client_credentials', 'password', 'refresh_token', 'authorization_code', 'implicit', '__proto__'];
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Half of the fields are valid. Wrong secrets are rare, since each costs the server a slow hash. */
const field: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.tuple(fc.constant('grant_type'), some(...GRANTS)),
  fc.tuple(fc.constant('client_id'), some('spa', 'spa', 'app', 'reader', ...HOSTILE)),
  fc.tuple(some('token', 'token', 'refresh_token', 'code'), some(...CALLERS.map(placeOf), ...HOSTILE)),
  fc.tuple(some('scope', 'audience', 'resource'), some('openid', 'system/*.cruds', 'patient/Patient.rs', ...HOSTILE)),
  fc.tuple(some('token_type_hint', 'redirect_uri', 'code_verifier', 'interaction', 'answer', 'username'), hostile),
  fc.tuple(some('client_assertion_type', 'client_assertion'), some(ASSERTION_TYPE, 'e30.e30.e30', ...HOSTILE)),
  fc.tuple(some(...PARAMETERS, ...AUTH_PATHS), hostile),
);
const fields = fc.array(field, { maxLength: 6 });
const escaped = (text: string) => encodeURIComponent(text).replace(/%25(00|zz|ff)/g, '%$1');
const unescapedPlaces = (text: string) => text.replaceAll(/%7B%7B|%7D%7D/g, (braces) => decodeURIComponent(braces));
const form = fields.map((pairs) => unescapedPlaces(pairs.map((pair) => pair.map(escaped).join('=')).join('&')));

const YAML = [
  'resourceType: Patient\ngender: female\n',
  'a: &a [x]\nb: [*a, *a, *a]',
  '<<: {__proto__: {x: 1}}',
  '!!js/function "x"',
  'resourceType: Patient\nbirthDate: 1970-01-01\nmultipleBirthInteger: 0o17',
  'a: b: c',
  '- - - - -',
  '%YAML 9.9\n---\n...',
  'name: [{family: 0123}]',
];

const text: fc.Arbitrary<{ type: string; text: string }> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: some(...MEDIA), text: value.map((json) => JSON.stringify(json) ?? '') }) },
  { weight: 2, arbitrary: fc.record({ type: some('text/yaml', 'application/yaml'), text: value.map(yaml) }) },
  { weight: 1, arbitrary: fc.record({ type: some('text/yaml'), text: some(...YAML) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('application/x-www-form-urlencoded'), text: form }) },
  { weight: 1, arbitrary: fc.record({ type: some(...MEDIA, ...ODD_MEDIA), text: fc.oneof(hostile, form) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: some(...MEDIA), text: fc.nat({ max: 3000 }).map((depth) => '[{"a":'.repeat(depth)) }),
  },
);

function yaml(json: unknown): string {
  return dump(json, { skipInvalid: true });
}

/** A body with some bytes inserted, replaced or removed. */
const mutated = fc
  .tuple(text, fc.nat(), fc.nat({ max: 20 }), fc.uint8Array({ maxLength: 8 }))
  .map(([of, at, cut, put]) => {
    const bytes = Buffer.from(of.text);
    const from = at % (bytes.length + 1);
    return { type: of.type, bytes: Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]) };
  });

export const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 6, arbitrary: text.map((of) => ({ type: of.type, bytes: Buffer.from(of.text) })) },
  { weight: 2, arbitrary: mutated },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.option(some(...MEDIA, ...ODD_MEDIA), { nil: undefined }),
      bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    }),
  },
);

const json = (type: string, content: unknown): Body => ({ type, bytes: Buffer.from(JSON.stringify(content)) });

/** Generates a valid body for a write of a type, sometimes with one wrong member. */
export function resourceOf(type: string): fc.Arbitrary<Body> {
  const own = RESOURCES.filter(({ resourceType }) => resourceType === type);
  const whole = own.length === 0 ? [{ resourceType: type }] : own;
  return fc
    .tuple(some(...whole), fc.option(fc.tuple(some('gender', 'active', 'link', 'name', 'id'), jsonValue), { freq: 2 }))
    .map(([resource, member]) => json('application/json', member ? { ...resource, [member[0]]: member[1] } : resource));
}

export const patches: fc.Arbitrary<Body> = fc.oneof(
  patch.map((operations) => json('application/json-patch+json', operations)),
  fc
    .record(
      { gender: some<unknown>('female', 'male', null, 1), birthDate: some('1990-01-01', 'x') },
      { requiredKeys: [] },
    )
    .map((merged) => json('application/merge-patch+json', merged)),
);

export const bundles: fc.Arbitrary<Body> = bundle.map((content) => json('application/json', content));

/** Generates a valid form with up to two extra fields. */
export function formWith(right: string): fc.Arbitrary<Body> {
  return fc.array(field, { maxLength: 2 }).map((more) => {
    const pairs = [right, ...more.map((pair) => pair.map(escaped).join('='))].filter((pair) => pair !== '');
    return { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(unescapedPlaces(pairs.join('&'))) };
  });
}

/** The ids that bodies and paths refer to. */
export const id = fc.oneof({ weight: 4, arbitrary: some(...IDS) }, { weight: 1, arbitrary: hostile });
