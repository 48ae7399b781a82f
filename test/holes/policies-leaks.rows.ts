import { type Hole, hole } from './hole.ts';

/** Still asks for the visible rows of a type, so that a denial stays one, but then restricts nothing. */
const REFUSED_BUT_NOT_NARROWED = '.slice(0, 0) ?? []';

const CRITERIA = 'resources/search/parameters/criteria.ts';

/** Leaks through row restrictions. */
export const LEAKS: readonly Hole[] = [
  {
    ...hole(
      'a changed policy at another node',
      'auth/look-up.ts',
      'engine.exclusive ? changes : await engine.accessGeneration()',
      'changes',
    ),
    on: 'PostgreSQL',
  },
  hole(
    'leak through _include and _revinclude',
    'resources/search/sql/follow.ts',
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
    'resources/search/parameters/hierarchy.ts',
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
    'leak through the type itself',
    'server/interactions/search.ts',
    'judge.rows(touched);',
    '(touched === type ? request.rows : judge.rows(touched));',
  ),
  hole(
    'paging cursor of another principal',
    'resources/search/parse.ts',
    'criteria: [...search.criteria, ...bounds]',
    'criteria: cursor === undefined ? [...search.criteria, ...bounds] : search.criteria',
  ),
  {
    attack: 'a cursor that tells how much there is',
    edits: [
      { file: 'server/interactions/page-bundle.ts', guard: 'cursors.close(page.next)', without: 'page.next' },
      {
        file: 'server/http/cursors.ts',
        guard: "!parameters.some(([name]) => name === '_cursor')",
        without: 'cipherKey',
      },
    ],
  },
  {
    attack: 'leak through _sort order',
    edits: [
      // One edit for few matches, one for many sorted by one parameter, one for many sorted by several.
      {
        file: 'resources/search/compile.ts',
        guard: 'const keys = selectKeys(source, rest);',
        without: 'const keys = selectKeys(source, []);',
      },
      {
        file: 'resources/search/sql/sorted.ts',
        guard: '...plan.criteria.map((each) => conditionOf(each, source.own)),',
        without: '',
      },
      { file: 'resources/search/sql/sorted.ts', guard: 'rest)}) k`', without: '[])}) k`' },
    ],
  },
  hole('leak through _total and _summary=count', 'resources/search/compile.ts', 'rest)}) k`', '[])}) k`'),
  hole(
    'a PUT by criteria that makes one',
    'server/interactions/write.ts',
    "return (await services.judge.require('create', request, create)).rows;",
    'return rows;',
  ),
  {
    attack: 'leak through history and vread',
    edits: [
      // The hole: a history shows every version.
      { file: 'resources/reads.ts', guard: 'if (rows.length === 0) return undefined;', without: 'return undefined;' },
      // The hole: every version is visible to callers who may see the current one.
      {
        file: 'resources/reads.ts',
        guard: 'await this.#seen(asked, rows)',
        without: '(await this.#seen(current, rows)) && asked',
      },
    ],
  },
  hole('Bundle entry skipping the policy', 'server/bundles/run.ts', 'await authorize(', 'if (false) await authorize('),
  hole('headers that are those of one request', 'server/access/guard.ts', ', ...headers }', ' }'),
  {
    attack: 'conditional update or delete touching what may not be seen',
    edits: [
      {
        file: 'server/interactions/write.ts',
        guard: 'rows: (other: string) => judge.rows(other)',
        without: 'rows: (other: string) => judge.rows(other).slice(0, 0)',
      },
      {
        file: 'resources/writing/transaction.ts',
        guard: 'if (!(await isShown(this, type, rows, version))) throw notPermitted();',
        without: '',
      },
    ],
  },
  // The hole: preconditions are checked first, so that a hidden row reveals its version.
  hole(
    'every answer is the same for a hidden row and for none',
    'resources/writing/transaction.ts',
    "if (method === 'PUT') await",
    "checkPreconditions(current, options); if (method === 'PUT') await",
  ),
  {
    attack: 'a write that races the row being hidden',
    edits: [
      {
        file: 'resources/writing/transaction.ts',
        guard: "if (method === 'PUT') await this.#requireShown(prepared.type, current, options);",
        without: '',
      },
      // The existing row is checked, but before the queue.
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
];
