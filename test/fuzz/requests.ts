/** Generated requests, similar to real ones. */
import fc from 'fast-check';
import { type Body, body, bundles, formWith, id, patches, resourceOf } from './bodies.ts';
import {
  AUTH_PATHS,
  AUTHORIZE,
  CALLERS,
  FIXED_PATHS,
  FORMS,
  HEADERS,
  HOSTILE,
  METHODS,
  ODD_METHODS,
  PARAMETERS,
  PASSING,
  placeOf,
  QUERIES,
  TYPES,
  VALUES,
} from './words.ts';

export interface FuzzRequest {
  method: string;
  /** The path and query as sent, apart from placeholders for tokens. */
  target: string;
  headers: [name: string, value: string][];
  body: Body | undefined;
  /** The framing of the body: by length, in chunks, or by a wrong length. */
  framing: 'length' | 'chunks' | 'more' | 'less';
}

const some = <Item>(...items: Item[]) => fc.constantFrom(...items);
const hostile = fc.constantFrom(...HOSTILE);
const often = <Item>(weight: number, usual: fc.Arbitrary<Item>, odd: fc.Arbitrary<Item>) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** Method, target and body. */
type Shape = Pick<FuzzRequest, 'method' | 'target' | 'body'>;

const resourcePath = fc
  .tuple(some(...TYPES), fc.array(id, { maxLength: 1 }), some('', '', '', '/_history', '/_history/1', '/_search', '/'))
  .map(([type, ids, rest]) => `/${[type, ...ids].join('/')}${rest}`);
const path = fc
  .tuple(
    often(6, some('', '', '/fhir'), some('/', '/fhir/fhir', '/./', '/%2f', '/FHIR')),
    fc.oneof(
      { weight: 6, arbitrary: resourcePath },
      { weight: 4, arbitrary: some(...AUTH_PATHS).map((name) => `/auth/${name}`) },
      { weight: 1, arbitrary: some(...FIXED_PATHS) },
      { weight: 1, arbitrary: fc.tuple(hostile, hostile).map((parts) => `/${parts.join('/')}`) },
    ),
  )
  .map((parts) => parts.join(''));
const parameter = fc.tuple(often(8, some(...PARAMETERS), hostile), often(3, some(...VALUES), hostile));
const randomQuery = fc.array(
  parameter.map((pair) => pair.join('=')),
  { minLength: 1, maxLength: 3 },
);
const query = fc.oneof(fc.constant<string[]>([]), some(...QUERIES.map((text) => [text])), randomQuery);
/** Replaces what would end the request line: a request must stay a single request. */
const joined = (at: string, pairs: string[]) => [at, pairs.join('&')].filter((part) => part !== '').join('?');
const lined = (at: string, pairs: string[] = []) => joined(at, pairs).replace(/[\s#]/g, '+');

/** Random combinations of everything. */
const wild: fc.Arbitrary<Shape> = fc.record({
  method: often(20, some(...METHODS), some(...ODD_METHODS)),
  target: fc.tuple(path, query).map(([at, pairs]) => lined(at, pairs)),
  body: fc.option(body, { nil: undefined, freq: 3 }),
});

/** FHIR interactions with the bodies that they take. */
const interactions: fc.Arbitrary<Shape> = fc
  .tuple(some('', '/fhir'), some(...TYPES), id, query, some(...METHODS, 'SEARCH', 'VALIDATE', 'BUNDLE'))
  .chain(([twin, type, of, pairs, method]) => {
    const shape = (verb: string, at: string, content: fc.Arbitrary<Body | undefined> = fc.constant(undefined)) =>
      content.map((sent): Shape => ({ method: verb, target: lined(`${twin}${at}`, pairs), body: sent }));
    const one = pairs.length === 0 ? `/${type}/${of}` : `/${type}`;
    const ways: Record<string, fc.Arbitrary<Shape>> = {
      POST: shape('POST', `/${type}`, resourceOf(type)),
      PUT: shape('PUT', one, resourceOf(type)),
      PATCH: shape('PATCH', one, patches),
      SEARCH: shape('POST', `/${type}/_search`, formWith(pairs.join('&'))),
      VALIDATE: shape('POST', `/${type}/$validate`, resourceOf(type)),
      BUNDLE: shape('POST', '/', bundles),
    };
    return ways[method] ?? shape(method, one);
  });

/** Endpoints of the auth module with the forms that they take. */
const grants: fc.Arbitrary<Shape> = fc.oneof(
  {
    weight: 5,
    arbitrary: some(...FORMS).chain(([endpoint, form]) =>
      formWith(form).map((sent): Shape => ({ method: 'POST', target: `/auth/${endpoint}`, body: sent })),
    ),
  },
  {
    weight: 1,
    arbitrary: query.map((pairs): Shape => {
      return { method: 'GET', target: lined([AUTHORIZE, ...pairs].join('&')), body: undefined };
    }),
  },
  { weight: 1, arbitrary: some('/auth/userinfo').map((target): Shape => ({ method: 'GET', target, body: undefined })) },
);

const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.';
const authorization: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: some(...CALLERS, PASSING).map((caller) => `Bearer ${placeOf(caller)}`) },
  { weight: 3, arbitrary: fc.constant('Basic {{basic}}') },
  { weight: 3, arbitrary: some(`Bearer ${jwt}`, 'Bearer', 'bearer  x', 'Basic', 'Digest x', 'Negotiate', ':') },
  { weight: 2, arbitrary: hostile.map((text) => `Bearer ${text}`) },
  { weight: 1, arbitrary: hostile.map((text) => `Basic ${Buffer.from(text).toString('base64')}`) },
);
const header = some(...HEADERS).chain(([name, values]) =>
  often(4, some(...values), hostile).map((text): [string, string] => [name, text]),
);

/** A request and its `Authorization` header; forms of the auth endpoints usually carry the credentials in the body. */
const shapes: fc.Arbitrary<[Shape, string | null]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(wild, fc.option(authorization, { nil: null, freq: 4 })) },
  { weight: 5, arbitrary: fc.tuple(interactions, fc.option(authorization, { nil: null, freq: 12 })) },
  { weight: 2, arbitrary: fc.tuple(grants, often<string | null>(4, fc.constant(null), authorization)) },
);

export const request: fc.Arbitrary<FuzzRequest> = fc
  .record({
    shape: shapes,
    address: fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 }), fc.nat({ max: 255 })),
    more: often(2, fc.constant<[string, string][]>([]), fc.array(header, { minLength: 1, maxLength: 3 })),
    framing: often<FuzzRequest['framing']>(20, some('length', 'length', 'length', 'chunks'), some('more', 'less')),
  })
  .map(({ shape: [shape, as], framing, address, more }) => ({
    ...shape,
    // Bytes past the declared length start a second request, whose rejection would hide the response to this one.
    framing: framing === 'less' && shape.target.includes('/auth/token') ? 'length' : framing,
    headers: [
      // Guesses are counted per address: from a single one, most requests would be rejected before they are parsed.
      ['X-Forwarded-For', `10.${address.join('.')}`],
      ...(as === null ? [] : [['Authorization', as] satisfies [string, string]]),
      ...more,
    ],
  }));

/** Renders a request to the bytes to send; `fill` replaces placeholders for tokens. */
export function written(
  { method, target: at, headers, body: sent, framing }: FuzzRequest,
  fill: (text: string) => string,
): Buffer {
  const content = Buffer.from(fill(sent?.bytes.toString('latin1') ?? ''), 'latin1');
  const length = content.length + (framing === 'more' ? 10 : framing === 'less' ? -Math.min(5, content.length) : 0);
  const frame = framing === 'chunks' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  const lines = [
    `${method} ${at} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...headers.map(([name, text]) => `${name}: ${fill(text)}`),
    ...(sent?.type === undefined ? [] : [`Content-Type: ${sent.type}`]),
    ...(sent === undefined ? [] : [frame]),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  const chunk = content.length === 0 ? [] : [Buffer.from(`${content.length.toString(16)}\r\n`), content, CRLF];
  const framed = framing === 'chunks' ? [...chunk, Buffer.from('0\r\n\r\n')] : [content];
  return Buffer.concat(sent === undefined ? [head] : [head, ...framed]);
}

const CRLF = Buffer.from('\r\n');
