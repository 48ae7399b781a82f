import { type Edit, type Hole, hole } from './hole.ts';

/** The hole: policies match the raw URL, so that an unusual spelling matches no rule and passes. */
const JUDGED_BY_TEXT: Edit = {
  file: 'server/access/guard.ts',
  guard: 'const request = await this.#judgement.complete({',
  without: `if (!/^\\/[A-Z][A-Za-z]*(\\/[\\w.-]+)*(\\?|$)/.test(this.#ctx.originalUrl)) return [];
    const request = await this.#judgement.complete({`,
};

/** The hole: `$revoke` finds all Sessions of the expression, even those that its caller may not find. */
const FINDS_ALL_SESSIONS: Edit = {
  file: 'server/routes/session-revocation.ts',
  guard: '{ registry, clock, judge, baseUrl }, parameters)',
  without: '{ engine, registry, clock, judge: { ...judge, rows: () => [] }, baseUrl }, parameters)',
};

const RULES = 'auth/rules.ts';
const REVOCATION = 'server/routes/session-revocation.ts';
const ANYBODY_MAKES_SESSIONS: Edit = {
  file: RULES,
  guard: "if (!before) throw new Failure('business-rule', 'Sessions are created only by POST /auth/token.');",
  without: 'if (!before) return;',
};
const ANYBODY_CHANGES_SESSIONS: Edit = { file: RULES, guard: 'if (element !== undefined) {', without: 'if (false) {' };

/** The hole: a caller whom no policy could permit is judged only after its body has been read. */
const NOT_BEFORE_THE_BODY: Edit = {
  file: 'server/routes/resources.ts',
  guard: 'if (takes !== undefined && operation !== undefined)',
  without: 'if (takes === undefined && operation !== undefined)',
};

/** What no request may bypass, however it is written. */
export const POLICIES: readonly Hole[] = [
  // The hole: the method in the header is run, but the method of the request was judged.
  hole(
    'method override headers',
    'server/routes/resources.ts',
    'interaction.handle(request, services)',
    `(INTERACTIONS.find(({ method, path }) =>
        path === interaction.path && method === ctx.get('x-http-method-override').toLowerCase()) ?? interaction)
        .handle(request, services)`,
  ),
  hole('HEAD where GET is denied', 'auth/policies/request-object.ts', "name === 'head' ? 'get' : name", 'name'),
  {
    attack: 'trailing slash',
    edits: [JUDGED_BY_TEXT, { file: 'server/app.ts', guard: 'strict: true', without: 'strict: false' }],
  },
  {
    attack: '//',
    edits: [
      JUDGED_BY_TEXT,
      {
        file: 'server/http/locate.ts',
        guard: 'ctx.state.address = addressOf(ctx, proxies);',
        without: "ctx.state.address = addressOf(ctx, proxies); ctx.path = ctx.path.replace(/\\/+/g, '/');",
      },
    ],
  },
  {
    attack: '%2f',
    edits: [
      JUDGED_BY_TEXT,
      {
        file: 'server/http/locate.ts',
        guard: 'ctx.state.address = addressOf(ctx, proxies);',
        without: 'ctx.state.address = addressOf(ctx, proxies); ctx.path = decodeURIComponent(ctx.path);',
      },
    ],
  },
  { attack: '/fhir/ twin', edits: [JUDGED_BY_TEXT] },
  hole(
    'an address that is read in two ways',
    'auth/policies/request-object.ts',
    `new URLSearchParams(\`?\${query}\`)`,
    'new URLSearchParams(query)',
  ),
  hole(
    'an address below the one of a patient',
    'server/interactions/address.ts',
    'compartment === undefined ? path :',
    'compartment === undefined || path !== "" ? path :',
  ),
  {
    attack: 'everything that is about a patient',
    edits: [
      {
        file: 'server/access/authorization.ts',
        guard: 'await ownerPermission(compartment, asked, judge)',
        without: '{ rows: [] }',
      },
      { file: 'server/access/authorization.ts', guard: 'judge.rows(type, asked)', without: '[]' },
    ],
  },
  {
    attack: 'a parameter that bounds nothing',
    edits: [
      { file: 'auth/policies/request-object.ts', guard: ' && !isEmpty(value)', without: '' },
      {
        file: 'server/interactions/search.ts',
        guard: 'passedOver.length === 0 || !asked',
        without: 'passedOver.length >= 0 || !asked',
      },
    ],
  },
  hole(
    'a read that races what a policy looks at',
    'server/interactions/judged.ts',
    'judgedBy && judgedBy.versionId !== given?.versionId',
    'false',
  ),
  hole(
    'a write that races what a policy looks at',
    'resources/writing/transaction.ts',
    'judgedBy && judgedBy.versionId !== versionId',
    'false',
  ),
  hole(
    'a criterion beside an id',
    'server/access/authorization.ts',
    "id === '' || parameters.length === 0",
    'id !== asked.url',
  ),
  hole('a second pattern of a schema', 'auth/policies/json-schema.ts', ', toString: () => JSON.stringify(source)', ''),
  hole('a parameter that repeats', 'auth/policies/json-schema.ts', '!repeated(seen).some(isTried) && ', ''),
  hole('has no length that a schema could ask for', 'auth/policies/schema-survey.ts', ", 'minLength', 'maxLength'", ''),
  {
    attack: 'is not what a negation is about',
    edits: [
      { file: 'auth/policies/schema-survey.ts', guard: "'maxLength', 'const', 'enum'", without: "'maxLength'" },
      { file: 'auth/policies/matcho.ts', guard: 'lacks || repeats', without: 'lacks' },
    ],
  },
  hole('the id, negated', 'auth/policies/matcho.ts', '|| (isNamed && isParameter)', '&& !isNamed'),
  hole(
    'a form of a search that says something else than its query',
    'server/routes/resources.ts',
    'askedOf({ method, path, querystring }, sent.form && request.parameters)',
    'askedOf({ method, path, querystring })',
  ),
  {
    attack: 'case of the type',
    edits: [
      JUDGED_BY_TEXT,
      {
        file: 'server/routes/resources.ts',
        guard: 'String(type ?? typeOfBody(body))',
        without: 'String(type ?? typeOfBody(body)).replace(/^./, (letter) => letter.toUpperCase())',
      },
    ],
  },
  {
    attack: 'PUT /AccessPolicy, /Client, /User to raise oneself',
    edits: [
      NOT_BEFORE_THE_BODY,
      {
        file: 'server/access/authorization.ts',
        guard: 'await judge.require(name, request, line)',
        without: '/^(AccessPolicy|Client|User)$/.test(request.type) ? [] : await judge.require(name, request, line)',
      },
    ],
  },
  { attack: 'forging a Session', edits: [ANYBODY_MAKES_SESSIONS] },
  { attack: 'forging a Session by Bundle or PATCH', edits: [ANYBODY_MAKES_SESSIONS, ANYBODY_CHANGES_SESSIONS] },
  { attack: 'mass assignment of server-set fields', edits: [ANYBODY_CHANGES_SESSIONS] },
  // The hole: the cache of policies is not refreshed after a deletion.
  hole(
    'policy deleted mid-token',
    'auth/look-up.ts',
    '(change) => change.type === type',
    '(change) => change.type === type && change.after !== undefined',
  ),
  // The hole: links are resolved and dangling ones dropped, so that a policy linked to nobody applies to everybody.
  hole(
    'dangling link',
    'auth/policies/policies.ts',
    'return policySet(versions.map(compileOnce).filter((each) => each !== undefined));',
    `const policies = versions.map(compileOnce).filter((each) => each !== undefined);
    const resolved = policies.map(async (policy) => {
      const named = [...(policy.principals ?? [])].map((name) => name.split('/')).filter(([type]) => type !== 'Role');
      const found = await Promise.all(named.map(([type, id]) => engine.find(type, id)));
      return named.length > 0 && !found.some(Boolean) ? { ...policy, principals: undefined } : policy;
    });
    return policySet(await Promise.all(resolved));`,
  ),
  hole('re-used id', 'resources/writing/transaction.ts', 'await this.credentials.remove(version.key);', ''),
  {
    attack: "lets a user end the other Sessions of their own where a policy does, and nobody else's",
    edits: [
      FINDS_ALL_SESSIONS,
      { file: REVOCATION, guard: '...open.criteria, ...rows]', without: '...open.criteria]' },
      { file: REVOCATION, guard: '{ rows, cause: judge.asker }', without: '{ cause: judge.asker }' },
    ],
  },
  hole(
    'a browser login and an unused code do not outlive the Sessions of their User',
    'auth/sessions/revocation.ts',
    'for (const id of [...users].sort()) await signOut(transaction, id);',
    '',
  ),
  hole('naming somebody is not enough', REVOCATION, '(await mayEndAll(judge, id))', 'true'),
  hole(
    'nobody but whose Sessions its caller may end',
    REVOCATION,
    '(await mayEndAll(judge, id))',
    "(rows.length === 0 && judge.rows('Session').length === 0)",
  ),
  {
    attack: 'a policy by address or method does not let a caller revoke',
    edits: [
      {
        file: REVOCATION,
        guard: "asked = { method: 'PUT', url }",
        without: 'asked = { method: ctx.method, url: ctx.originalUrl }',
      },
      FINDS_ALL_SESSIONS,
      { file: REVOCATION, guard: "if (judge.rows('Session').length > 0) return false;", without: '' },
    ],
  },
  // The hole: the Session is written back as it was when it was used.
  {
    attack: 'a last use never brings a Session back',
    edits: [
      { file: 'auth/sessions/last-use.ts', guard: "session['active'] === false || ", without: '' },
      {
        file: 'auth/sessions/last-use.ts',
        guard: 'return withUse(session, use)',
        without: 'return withUse({ ...session, active: true }, use)',
      },
    ],
  },
  hole(
    "someone else's Session listed or deleted",
    'server/access/authorization.ts',
    'await judge.require(name, request, line)',
    "request.type === 'Session' ? [] : await judge.require(name, request, line)",
  ),
  hole(
    '403 that tells whether a thing exists',
    'server/routes/resources.ts',
    'const authorized = () => authorize(',
    `if (interaction.method === 'get' && request.id !== '') await engine.read(request.type, request.id);
      const authorized = () => authorize(`,
  ),
];
