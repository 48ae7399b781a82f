import { type Edit, type Hole, hole } from './hole.ts';

const REFRESH = 'auth/sessions/refresh.ts';
const REFRESH_GRANT = 'auth/grants/refresh-token.ts';
const CLIENT_CREDENTIALS = 'auth/grants/client-credentials.ts';
const CLIENT_AUTH = 'auth/clients/client-auth.ts';
const LIVE_TOKENS = 'auth/tokens/live-tokens.ts';
const SCOPES = 'auth/scopes/scopes.ts';
const SMART = 'auth/scopes/smart-scopes.ts';
const PARAMETERS = 'auth/endpoints/parameters.ts';

/** A refresh token stays valid after it was exchanged. */
const NOT_SPENT: Edit = {
  file: REFRESH,
  guard: '  if (refresh.rotate) {',
  without: '  if (refresh.rotate) await credentials.insert(live);\n  if (false) {',
};
/** Concurrent requests each refresh a token that is not rotated. */
const NOT_WAITED_FOR: Edit = {
  file: REFRESH,
  guard: '!refresh.rotate && before.generation > refresh.generation',
  without: 'false',
};
/** Gives concurrent requests in one process the same tokens, which also stops the attack. */
const NOT_SHARED: Edit = {
  file: 'auth/sessions/coalescing.ts',
  guard: 'if (known && arrival <= (known.answered ?? arrival))',
  without: 'if (false)',
};
/** A token cached by this node stays valid, whatever has become of its row. */
const REMEMBERED = "(engine.exclusive || (await engine.credentials.find(hash))?.name === 'access')";
/** A JWT for one use is accepted for the other. */
const EITHER_USE: Edit = {
  file: 'auth/tokens/presented.ts',
  guard: 'await verifiedOf(token, use)',
  without: "((await verifiedOf(token, 'access')) ?? (await verifiedOf(token, 'refresh')))",
};
/** The name of a member that every object has counts as a grant. */
const MEMBER_AS_GRANT: [file: string, guard: string, without: string] = [
  'auth/endpoints/token.ts',
  'each.name === name)',
  "each.name === (name in {} ? 'client_credentials' : name))",
];

export const GRANTS: readonly Hole[] = [
  { attack: 'concurrent refresh mints several successors', edits: [NOT_SPENT, NOT_WAITED_FOR, NOT_SHARED] },
  // The hole: a revocation does nothing if the Session has changed since it was read.
  hole(
    'refresh racing revoke',
    'auth/endpoints/revoke.ts',
    '(transaction) => endSession(',
    `async (transaction) =>
      (await transaction.current('Session', token.session.id))?.versionId === token.session.versionId && endSession(`,
  ),
  { ...hole('a revoked token at another node', LIVE_TOKENS, REMEMBERED, 'true'), on: 'PostgreSQL' },
  // The hole: the cache is used while the database cannot be asked.
  {
    attack: 'with every connection to the database cut around the revocation',
    edits: [
      {
        file: LIVE_TOKENS,
        guard: 'const [generation, changesBefore] = [await engine.accessGeneration(), sessionChanges];',
        without: `const changesBefore = sessionChanges;
    const generation = await engine.accessGeneration().catch(() => undefined);
    if (generation === undefined && memory.has(hash)) return memory.get(hash).token;`,
      },
      {
        file: LIVE_TOKENS,
        guard: '(await engine.credentials.find(hash))?.name',
        without: "(await engine.credentials.find(hash).catch(() => ({ name: 'access' })))?.name",
      },
    ],
    on: 'PostgreSQL',
    says: 'expected 200 to be one of [ 401, 503 ]',
  },
  { ...hole('a revoked token with the database restarted', LIVE_TOKENS, REMEMBERED, 'true'), on: 'PostgreSQL' },
  {
    ...hole(
      'what was written on one node is read on the other at once',
      'resources/dialects/postgres-replica.ts',
      'await said(reach(client, wanted));',
      '',
    ),
    on: 'PostgreSQL',
  },
  // Either guard alone would stop it.
  {
    attack: 'a policy deleted after a failover',
    edits: [
      { file: 'resources/dialects/postgres-replica.ts', guard: ' && found?.lineage === lineage', without: '' },
      {
        file: 'resources/interactions.ts',
        guard: 'runSearch(this.#options.points',
        without: 'runSearch(this.#options.queries',
      },
    ],
    on: 'PostgreSQL',
  },
  { attack: 'refresh replay in the same second', edits: [NOT_SPENT] },
  // The hole: tokens spent before this process started are not recognized.
  hole(
    'replay after restart',
    REFRESH,
    '  const asker =',
    '  if (spentAtMs < Date.now() - process.uptime() * 1000) return undefined;\n  const asker =',
  ),
  hole(
    'refresh without client authentication for a confidential client',
    REFRESH_GRANT,
    'requireAuthentication(requestClient, !settings.secretRequired);',
    '',
  ),
  hole('refresh with a wrong secret', CLIENT_AUTH, '(await method.prove(context, credentials, account)) ?', 'true ?'),
  {
    attack: 'access token used as refresh token',
    edits: [
      EITHER_USE,
      { file: REFRESH_GRANT, guard: "live?.name === 'refresh' ? live : spent", without: 'live ?? spent' },
      { file: REFRESH, guard: "live?.name === 'refresh'", without: 'live' },
    ],
  },
  {
    attack: 'refresh token used as bearer',
    edits: [
      EITHER_USE,
      { file: LIVE_TOKENS, guard: " || credential.name !== 'access'", without: '' },
      {
        file: LIVE_TOKENS,
        guard: 'accessRecord(credential);',
        without: "accessRecord((await engine.credentials.of(credential.key, 'access'))[0]);",
      },
    ],
  },
  hole(
    "another client's refresh token",
    REFRESH_GRANT,
    "referenceOf(found.session.resource['client']) !==",
    "false && referenceOf(found.session.resource['client']) !==",
  ),
  {
    attack: 'refresh by a deactivated user or client',
    edits: [
      { file: 'auth/rules.ts', guard: "if (!isUsable(after)) return 'deactivated';", without: '' },
      {
        file: 'auth/sessions/sessions.ts',
        guard: 'current?.versionId === stored.versionId && isUsable(stored.resource)',
        without: 'current?.versionId === stored.versionId',
      },
    ],
  },
  hole('a key that is taken away', 'auth/rules.ts', ' || hasLostKeys(before, after)', ''),
  hole('scope widening on refresh', SCOPES, '!given.includes(each) || ', ''),
  hole('a scope that is withdrawn', SCOPES, 'given.filter((scope) => listed.includes(scope))', 'given'),
  hole(
    'a grant that is withdrawn',
    LIVE_TOKENS,
    "token && hasGrant(token.client.resource, token.session.resource['type']) ? token : undefined",
    'token',
  ),
  hole(
    'a resource that is withdrawn',
    'auth/scopes/audience.ts',
    'given.includes(each) && isPermitted(grant, each)',
    'given.includes(each)',
  ),
  hole('whose last scope of SMART goes', SMART, 'boundOf(boundBy);', 'boundOf(scope);'),
  hole('that lists scopes of SMART is bound by them', LIVE_TOKENS, ", ...strings(client.resource['scope'])]", ']'),
  hole('an empty secret', CLIENT_CREDENTIALS, 'if (!authenticated)', 'if (false)'),
  hole('Client without secret', CLIENT_CREDENTIALS, '!authenticated', '!authenticated && requestClient.confidential'),
  hole(
    'authenticate as A with client_id=B',
    CLIENT_AUTH,
    'if (named !== undefined && named !== credentials.id)',
    'if (false)',
  ),
  hole('grant not registered', CLIENT_CREDENTIALS, 'requireGrant(client.resource, NAME);', ''),
  hole(
    'no token is given that would reach further',
    SMART,
    'isBounded(scopes) && !isBounded(kept) ? undefined : kept',
    'kept',
  ),
  hole('the history of a type is a search to scopes', SMART, "'history-type': 's',", "'history-type': 'r',"),
  hole('has no patient', SMART, 'needsPatient(scopes) && !isBounded(kept) ? undefined : kept', 'kept'),
  hole('scope not registered', SCOPES, 'listed.length > 0 || forOthers', 'forOthers'),
  hole('oversized parameter', PARAMETERS, 'value.length > PARAMETERS[name].longest', 'false'),
  hole('grant_type=__proto__', ...MEMBER_AS_GRANT),
  hole('grant_type=constructor', ...MEMBER_AS_GRANT),
  hole('objects where strings are expected', PARAMETERS, "if (typeof each !== 'string')", 'if (false)'),
  hole('arrays as values in JSON', PARAMETERS, 'repeats && Array.isArray', 'Array.isArray'),
  hole('duplicates split across query, body and JSON', PARAMETERS, 'if (misplaced !== undefined)', 'if (false)'),
  {
    attack: 'a token works exactly while its Session is live',
    edits: [
      {
        file: 'auth/rules.ts',
        guard: "if (after?.['active'] === false) await",
        without: 'if (false) await',
      },
      { file: LIVE_TOKENS, guard: " || session.resource['active'] === false", without: '' },
    ],
  },
  { attack: 'of them mint one successor each time', edits: [NOT_SPENT, NOT_WAITED_FOR, NOT_SHARED] },
  // The hole: each refresh restarts the maximum age.
  hole('a refresh for ever', 'auth/sessions/expiry.ts', 'startedAt + sessionMaxAge', 'issuedAt + sessionMaxAge'),
  hole(
    'tells no resource server of a refresh token',
    'auth/endpoints/introspect.ts',
    "token.use === 'access' && isServedBy",
    'isServedBy',
  ),
  hole(
    'tokens for the audiences that it serves',
    'auth/endpoints/introspect.ts',
    'isServedBy(caller, audienceOf(token))',
    'true',
  ),
  hole('client id equal to a user id', 'resources/storage/names.ts', 'if (added === 0)', 'if (false)'),
];
