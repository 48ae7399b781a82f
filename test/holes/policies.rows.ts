import { type Edit, type Hole, hole } from './hole.ts';

/** As if rules went by the text of an address: what is written in no usual way is under none of them, and passes. */
const JUDGED_BY_TEXT: Edit = {
  file: 'server/guard.ts',
  guard: 'async require(name, { type, id, body, patch }, { method, url }) {',
  without: `async require(name, { type, id, body, patch }, { method, url }) {
      if (!/^\\/[A-Z][A-Za-z]*(\\/[\\w.-]+)*(\\?|$)/.test(url)) return [];`,
};

/** The Sessions that `$revoke` finds are those of the expression, whatever its caller may find. */
const FINDS_ALL_SESSIONS: Edit = {
  file: 'server/revocation.ts',
  guard: '{ engine, registry, clock, judge, baseUrl }, parameters)',
  without: '{ engine, registry, clock, judge: { ...judge, rows: () => [] }, baseUrl }, parameters)',
};

/** What a caller may see of a type is asked, so that what is refused stays so, and then narrows nothing. */
const REFUSED_BUT_NOT_NARROWED = '.slice(0, 0) ?? []';

const CRITERIA = 'resources/search/criteria.ts';
const RULES = 'auth/rules.ts';
const REVOCATION = 'server/revocation.ts';
const ANYBODY_MAKES_SESSIONS: Edit = {
  file: RULES,
  guard:
    "if (!before) throw new Failure('business-rule', 'Sessions are made by the token endpoint: POST /auth/token.');",
  without: 'if (!before) return;',
};
const ANYBODY_CHANGES_SESSIONS: Edit = { file: RULES, guard: 'if (element !== undefined) {', without: 'if (false) {' };

export const POLICIES: readonly Hole[] = [
  {
    ...hole(
      'a changed policy at another node',
      'auth/policies/policies.ts',
      'engine.exclusive ? changes : await engine.accessGeneration()',
      'changes',
    ),
    on: 'PostgreSQL',
  },
  hole(
    'leak through _include and _revinclude',
    'resources/search/follow.ts',
    'expanded(following.connection, seen)',
    'expanded(following.connection, [])',
  ),
  hole(
    'leak through canonicals',
    CRITERIA,
    'type: name, naming, criteria })',
    "type: name, naming, criteria: naming.by === 'canonical' ? [criterion] : criteria })",
  ),
  hole(
    'leak through hierarchies',
    'resources/search/hierarchy.ts',
    'rows?.(type) ?? []',
    `rows?.(type)${REFUSED_BUT_NOT_NARROWED}`,
  ),
  hole(
    'leak through value sets',
    CRITERIA,
    'scope.options.rows?.(of) ?? []',
    "scope.options.rows?.(of).filter(() => of !== 'ValueSet') ?? []",
  ),
  hole(
    'leak through code systems',
    CRITERIA,
    'scope.options.rows?.(of) ?? []',
    "scope.options.rows?.(of).filter(() => of !== 'CodeSystem') ?? []",
  ),
  hole(
    'leak through filters',
    CRITERIA,
    'scope.options.rows?.(of) ?? []',
    "scope.options.rows?.(of).filter(() => of !== 'CodeSystem') ?? []",
  ),
  hole(
    'a set that somebody makes ambiguous shows no rows',
    'resources/search/terminology/expand.ts',
    "return { test: 'any', of: [] };",
    "return { test: 'all', of: [] };",
  ),
  hole(
    'leak through chains',
    CRITERIA,
    'scope.options.rows?.(name) ?? []',
    `scope.options.rows?.(name)${REFUSED_BUT_NOT_NARROWED}`,
  ),
  hole(
    'leak through lists',
    CRITERIA,
    'scope.options.rows?.(from) ?? []',
    "scope.options.rows?.(from).filter(() => from !== 'List') ?? []",
  ),
  hole(
    'leak through _has',
    CRITERIA,
    'scope.options.rows?.(from) ?? []',
    `scope.options.rows?.(from)${REFUSED_BUT_NOT_NARROWED}`,
  ),
  hole(
    'paging cursor of another principal',
    'resources/search/parse.ts',
    'criteria: [...search.criteria, ...rows]',
    'criteria: cursor === undefined ? [...search.criteria, ...rows] : search.criteria',
  ),
  hole(
    'leak through _sort order',
    'resources/search/parse.ts',
    'criteria: [...search.criteria, ...rows]',
    'criteria: search.sort.length === 0 ? [...search.criteria, ...rows] : search.criteria',
  ),
  hole('leak through _total and _summary=count', 'resources/search/compile.ts', 'rest)}) k`', '[])}) k`'),
  {
    attack: 'leak through history and vread',
    edits: [
      // A history shows every version.
      { file: 'resources/reads.ts', guard: 'if (rows.length === 0) return undefined;', without: 'return undefined;' },
      // A version is shown to whoever may see the one that stands now.
      {
        file: 'resources/reads.ts',
        guard: 'await this.#seen(asked, rows)',
        without: '(await this.#seen(current, rows)) && asked',
      },
    ],
  },
  hole('Bundle entry skipping the policy', 'server/bundles/run.ts', 'await admit(', 'if (false) await admit('),
  {
    attack: 'conditional update or delete touching what may not be seen',
    edits: [
      {
        file: 'server/interactions/write.ts',
        guard: 'rows: (other: string) => judge.rows(other)',
        without: 'rows: (other: string) => judge.rows(other).slice(0, 0)',
      },
      {
        file: 'resources/transaction.ts',
        guard: 'if (!(await isShown(this, type, rows, version))) throw notPermitted();',
        without: '',
      },
    ],
  },
  // What is written is compared with preconditions first, so that a hidden row answers by its version.
  hole(
    'every answer is the same for a hidden row and for none',
    'resources/transaction.ts',
    "if (method === 'PUT') await this.#requireShown(prepared.type, current, options);",
    "checkPreconditions(current, options); if (method === 'PUT') await this.#requireShown(prepared.type, current, options);",
  ),
  {
    attack: 'a write that races the row being hidden',
    edits: [
      {
        file: 'resources/transaction.ts',
        guard: "if (method === 'PUT') await this.#requireShown(prepared.type, current, options);",
        without: '',
      },
      // What is there is looked at, but before the queue.
      {
        file: 'resources/interactions.ts',
        guard: "const looksAt = method === 'PUT' ? [{ type, id }] : [];",
        without: `const looksAt = method === 'PUT' ? [{ type, id }] : [];
      const { rows = [] } = options;
      if (rows.length > 0 && !(await this.find(type, id, rows))) throw new Failure('forbidden', 'No.');`,
      },
    ],
  },
  hole(
    'a comma that would be an alternative',
    'auth/policies/template.ts',
    "literal.replace(/[\\\\,|$]/g, '\\\\$&')",
    "literal.replace(/[\\\\|$]/g, '\\\\$&')",
  ),
  hole(
    'through reads, searches, histories',
    'resources/reads.ts',
    'if (!version || rows.length === 0) return version;',
    'return version;',
  ),
  // The method of the header is done, and that of the request was judged.
  hole(
    'method override headers',
    'server/resources.ts',
    'interaction.handle(request, services)',
    `(INTERACTIONS.find(({ method, path }) =>
        path === interaction.path && method === ctx.get('x-http-method-override').toLowerCase()) ?? interaction)
        .handle(request, services)`,
  ),
  hole('HEAD where GET is denied', 'auth/request-object.ts', "name === 'head' ? 'get' : name", 'name'),
  {
    attack: 'trailing slash',
    edits: [JUDGED_BY_TEXT, { file: 'server/app.ts', guard: 'strict: true', without: 'strict: false' }],
  },
  {
    attack: '//',
    edits: [
      JUDGED_BY_TEXT,
      {
        file: 'server/locate.ts',
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
        file: 'server/locate.ts',
        guard: 'ctx.state.address = addressOf(ctx, proxies);',
        without: 'ctx.state.address = addressOf(ctx, proxies); ctx.path = decodeURIComponent(ctx.path);',
      },
    ],
  },
  { attack: '/fhir/ twin', edits: [JUDGED_BY_TEXT] },
  {
    attack: 'case of the type',
    edits: [
      JUDGED_BY_TEXT,
      {
        file: 'server/resources.ts',
        guard: 'String(type ?? typeOfBody(body))',
        without: 'String(type ?? typeOfBody(body)).replace(/^./, (letter) => letter.toUpperCase())',
      },
    ],
  },
  hole(
    'PUT /AccessPolicy, /Client, /User to raise oneself',
    'server/admission.ts',
    'await judge.require(name, request, asked)',
    '/^(AccessPolicy|Client|User)$/.test(request.type) ? [] : await judge.require(name, request, asked)',
  ),
  { attack: 'forging a Session', edits: [ANYBODY_MAKES_SESSIONS] },
  { attack: 'forging a Session by Bundle or PATCH', edits: [ANYBODY_MAKES_SESSIONS, ANYBODY_CHANGES_SESSIONS] },
  { attack: 'mass assignment of server-set fields', edits: [ANYBODY_CHANGES_SESSIONS] },
  // What is kept of the policies is not read again for one that is gone.
  hole(
    'policy deleted mid-token',
    'auth/policies/policies.ts',
    "({ type }) => type === 'AccessPolicy'",
    "({ type, after }) => type === 'AccessPolicy' && after !== undefined",
  ),
  // As where links are resolved and those to nothing left out: what is linked to nobody is linked to everybody.
  hole(
    'dangling link',
    'auth/policies/policies.ts',
    'if (!policy.principals) content.everyone.push(policy);',
    `const named = [...(policy.principals ?? [])].map((name) => name.split('/')).filter(([type]) => type !== 'Role');
      const found = await Promise.all(named.map(([type, id]) => engine.find(type, id)));
      if (!policy.principals || (named.length > 0 && !found.some(Boolean))) content.everyone.push(policy);`,
  ),
  hole('re-used id', 'resources/transaction.ts', 'await this.credentials.remove(version.key);', ''),
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
    'auth/revocation.ts',
    'for (const id of [...users].sort()) await signOut(transaction, id);',
    '',
  ),
  hole('naming somebody is not enough', REVOCATION, 'isFree || isSelf(ctx.state.principal, id)', 'true'),
  {
    attack: 'a policy by address or method does not let a caller revoke',
    edits: [
      { file: REVOCATION, guard: "{ method: 'PUT', url }", without: '{ method: ctx.method, url: ctx.originalUrl }' },
      FINDS_ALL_SESSIONS,
      { file: REVOCATION, guard: " && judge.rows('Session').length === 0", without: '' },
    ],
  },
  // The Session is written as it was when it was used.
  {
    attack: 'a last use never brings a Session back',
    edits: [
      { file: 'auth/last-use.ts', guard: "session['active'] === false || ", without: '' },
      {
        file: 'auth/last-use.ts',
        guard: 'return withUse(session, use)',
        without: 'return withUse({ ...session, active: true }, use)',
      },
    ],
  },
  hole(
    "someone else's Session listed or deleted",
    'server/admission.ts',
    'await judge.require(name, request, asked)',
    "request.type === 'Session' ? [] : await judge.require(name, request, asked)",
  ),
  hole(
    '403 that tells whether a thing exists',
    'server/resources.ts',
    'await admit(',
    "if (interaction.method === 'get' && request.id !== '') await engine.read(request.type, request.id); await admit(",
  ),
];
