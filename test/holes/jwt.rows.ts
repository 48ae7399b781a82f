import { type Hole, hole } from './hole.ts';

const PRESENTED = 'auth/tokens/presented.ts';
const ASSERTIONS = 'auth/clients/assertions.ts';
const SIGNING_KEYS = 'auth/keys/signing-keys.ts';
const SEALING = 'auth/keys/sealing.ts';
const KEY_OF = 'const keyOf: JWTVerifyGetKey = async (header) => {';

export const JWT: readonly Hole[] = [
  // The library never accepts such a token, so the hole has to decode it without verification.
  {
    attack: 'alg: none',
    edits: [
      { file: PRESENTED, guard: 'import { errors,', without: 'import { decodeJwt, decodeProtectedHeader, errors,' },
      {
        file: PRESENTED,
        guard: KEY_OF,
        without: `const { alg, kid = '' } = decodeProtectedHeader(token);
        const claims = alg === 'none' && decodeJwt(token);
        if (claims) return { format: 'jwt', part: claims.tid, hash: tokenHash('jwt', claims.tid), claims, kid };
        ${KEY_OF}`,
      },
    ],
  },
  {
    attack: 'HS256 signed with the public key',
    edits: [
      { file: PRESENTED, guard: 'import { hash }', without: 'import { createPublicKey, hash }' },
      {
        file: PRESENTED,
        guard: 'if (!key || key.alg !== header.alg)',
        without: `const pem = { type: 'spki', format: 'pem' };
        if (key && header.alg === 'HS256') return Buffer.from(createPublicKey(key.privateKey).export(pem));
        if (!key)`,
      },
    ],
  },
  // The hole: the key in the token's own header is trusted.
  {
    attack: 'embedded jwk, jku, x5u',
    edits: [
      { file: PRESENTED, guard: 'import { errors,', without: 'import { EmbeddedJWK, errors,' },
      {
        file: PRESENTED,
        guard: 'if (FOREIGN_KEYS.some(',
        without: 'if (header.jwk) return EmbeddedJWK(header);\n    if (FOREIGN_KEYS.some(',
      },
    ],
  },
  hole(
    'kid with path or SQL',
    'auth/keys/keys.ts',
    'find: async (kid) => (await memory.keys()).get(kid),',
    `find: async (named) => {
      const sql = \`SELECT kid FROM signing_key WHERE kid = '\${named}'\`;
      const [row] = await engine.committed.all(sql);
      return (await memory.keys()).get(row?.kid);
    },`,
  ),
  hole('unknown crit', PRESENTED, "'x5c', 'crit'] as const", "'x5c'] as const"),
  hole('wrong typ, iss, aud', PRESENTED, "typ: use === 'access' ? ACCESS_TOKEN_TYPE : 'JWT',", ''),
  hole(
    'verified-token cache collision',
    PRESENTED,
    `\${use} \${token}`,
    `\${use} \${token.slice(0, token.lastIndexOf('.'))}`,
  ),
  hole(
    'a valid JWT after DELETE /Session',
    'auth/tokens/live-tokens.ts',
    "if (type === 'Session' && before) forgetSession(id);",
    '',
  ),
  hole(
    'aud array in an assertion',
    ASSERTIONS,
    "if (typeof aud !== 'string' || !audiences.includes(aud))",
    'if (![aud].flat().some((each) => audiences.includes(each)))',
  ),
  hole('assertion jti replay', ASSERTIONS, 'Math.ceil(exp)])) === 1', 'Math.ceil(exp)])) >= 0'),
  {
    attack: 'jti burned before the signature is checked',
    edits: [
      { file: ASSERTIONS, guard: 'import { type CryptoKey,', without: 'import { decodeJwt, type CryptoKey,' },
      { file: ASSERTIONS, guard: 'await verified(assertion, client);', without: 'decodeJwt(assertion);' },
      {
        file: ASSERTIONS,
        guard: 'return claims !== undefined && (await use(engine, client.id, claims));',
        without: 'return (await use(engine, client.id, claims)) && (await verified(assertion, client)) !== undefined;',
      },
    ],
  },
  hole(
    'jwks_uri that is private',
    'auth/clients/fetch-keys.ts',
    '!permitted && !addresses.every(isPublicAddress)',
    'false',
  ),
  hole(
    'jwks_uri that redirects',
    'auth/clients/fetch-keys.ts',
    'if (answer.statusCode !== 200)',
    `const to = answer.headers.location;
    if (to) return await get(new URL(to, url), addresses, signal);
    if (answer.statusCode !== 200)`,
  ),
  hole('jwks_uri that is slow', 'auth/clients/fetch-keys.ts', 'TIMEOUT_MS = 3_000', 'TIMEOUT_MS = 3_000_000'),
  hole('jwks_uri that is huge', 'auth/clients/fetch-keys.ts', 'LARGEST = 65_536', 'LARGEST = 65_536_000'),
  hole('a set of very many keys', ASSERTIONS, 'if (tried === MOST_KEYS) break;', ''),
  // The hole: it is rejected, but not counted as the client's mistake, so it can be repeated without limit.
  hole(
    'a published key that is broken',
    ASSERTIONS,
    'if (error instanceof errors.JWKSTimeout)',
    'if (error instanceof errors.JWKSTimeout || error instanceof DOMException)',
  ),
  hole('a key that others may have', SIGNING_KEYS, "if (atOnce) await transaction.run('DELETE FROM signing_key');", ''),
  {
    attack: 'a clock that is set back does not keep a key that was ended',
    edits: [{ file: 'resources/clock.ts', guard: 'age >= 0 && ', without: '' }],
    on: 'PostgreSQL',
  },
  hole('a new key is published before it signs', SIGNING_KEYS, '? now : now + LEAD_MS', '? now : now'),
  {
    attack: 'nobody has a key made, or is told of the keys, without a policy',
    edits: [
      { file: 'server/routes/keys.ts', guard: "judge.requireOperation('rotate-keys', sent);", without: '' },
      {
        file: 'server/routes/keys.ts',
        guard: "if (ctx.method === 'POST') judge.requireChance('rotate-keys');",
        without: '',
      },
    ],
  },
  hole(
    'no token whose scopes narrow it has a key made',
    'auth/scopes/smart-scopes.ts',
    'const permitting = scopes.flatMap(',
    "if (needed === '') return 'anywhere';\n  const permitting = scopes.flatMap(",
  ),
  hole(
    'nothing of what they sign with',
    'auth/keys/described-keys.ts',
    'published_at: instant(publishedAt),',
    'jwk: key.jwk, published_at: instant(publishedAt),',
  ),
  hole('takes nothing that it would not do', 'server/routes/keys.ts', '    refuseQuery(ctx);\n', ''),
  {
    attack: 'a row put in the place of another',
    edits: [
      { file: SEALING, guard: 'ownSalt), nonce).setAAD(Buffer.from(name))', without: 'ownSalt), nonce)' },
      { file: SEALING, guard: '16 }).setAAD(Buffer.from(name))', without: '16 })' },
    ],
  },
  hole('a private key read from the database', SEALING, 'if (secret === undefined) return text;', 'return text;'),
];
