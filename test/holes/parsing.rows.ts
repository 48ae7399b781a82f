import { type Edit, type Hole, hole } from './hole.ts';

/** The message of a parser test when a text is accepted that must be rejected. */
const READ = { says: 'Not refused' };

const MERGING: Edit[] = [
  { file: 'server/formats/yaml-schema.ts', guard: '  DUMP_SCHEMA,', without: '  DUMP_SCHEMA,\n  mergeTag,' },
  { file: 'server/formats/yaml-schema.ts', guard: '  refuseMerge,', without: '  mergeTag,' },
];

const ANCHORS: Edit[] = [
  { file: 'server/formats/yaml.ts', guard: "if (anchored && 'anchorStart' in anchored)", without: 'if (false)' },
  { file: 'server/formats/yaml.ts', guard: 'maxAliases: 0', without: 'maxAliases: -1' },
];

export const PARSING: readonly Hole[] = [
  hole(
    'SQL through values, ids among them',
    'resources/search/sql/fragment.ts',
    "text += '?';\n      bindings.push(part);",
    "text += typeof part === 'string' ? `'` + part + `'` : String(part);",
  ),
  hole(
    'SQL through parameter names, sort fields, JSON paths, cursors',
    'resources/search/parameters/order.ts',
    'const parameter = parameterOf(type, code);',
    'const parameter = type.parameters.get(code);\n' +
      '  if (!parameter) return { ...own, column: code, read: () => undefined };',
  ),
  {
    attack: 'SQL through cursors of a history',
    edits: [
      { file: 'resources/history.ts', guard: '!/^\\d{1,15}\\.\\d{1,15}\\.\\d{1,9}$/.test(text)', without: 'false' },
      { file: 'resources/history.ts', guard: ".split('.').map(Number)", without: ".split('.')" },
      {
        file: 'resources/history.ts',
        guard: "'(last_updated, key, version_id) < (?, ?, ?)'",
        without: "'(last_updated, key, version_id) < (' + after.join() + ')'",
      },
      { file: 'resources/history.ts', guard: ', ...(after ?? [])', without: '' },
    ],
  },
  hole('are refused over all parameters', 'resources/search/parse.ts', 'refuseExcess(search.criteria, limits);', ''),
  hole(
    'filters that look through very many concepts are refused',
    'resources/search/terminology/value-set.ts',
    'reading.lookThrough(concepts.size * filters.length);',
    '',
  ),
  hole(
    'an element that is named very often',
    'resources/search/parse.ts',
    '[...new Set([...(search.elements ?? []), ...parseElements(type, value)])]',
    '[...(search.elements ?? []), ...parseElements(type, value)]',
  ),
  hole(
    'what is named very often is judged once',
    'server/interactions/everything.ts',
    '[...new Set([...(asked.named ?? []), ...typesNamed(value, within)])]',
    '[...(asked.named ?? []), ...typesNamed(value, within)]',
  ),
  hole(
    'where the types of chains are open',
    'resources/search/parameters/criteria.ts',
    'scope.options.count?.(value);',
    '',
  ),
  hole(
    'of ranges, each resource is probed',
    'resources/search/sql/condition.ts',
    'rowCondition(criterion, notByValue)}',
    'rowCondition(criterion)}',
  ),
  hole(
    'of many includes, each match is read once',
    'resources/search/sql/included.ts',
    'read.set(version, resource);',
    '',
  ),
  hole(
    'of a composite, no part is looked through',
    'resources/search/sql/condition.ts',
    '  if (leading.length > 1) return gatheredKeys(parts, repeats);\n',
    '',
  ),
  hole('forged cursors are refused', 'resources/search/cursor.ts', 'if (!valid)', 'if (false)'),
  { attack: 'a merge key, <<', edits: MERGING, ...READ },
  {
    attack: 'a merge key with __proto__',
    edits: [
      ...MERGING,
      { file: 'server/formats/yaml-schema.ts', guard: "if (key === '__proto__')", without: 'if (false)' },
    ],
    ...READ,
  },
  {
    ...hole(
      '!!js',
      'server/formats/yaml-schema.ts',
      '  refuseMerge,',
      '  refuseMerge,\n' +
        "  defineScalarTag(TAG + 'js/function', {\n" +
        "    resolve: (source) => new Function('return ' + source)(),\n" +
        '    identify: () => false,\n' +
        '  }),',
    ),
    ...READ,
  },
  { attack: 'aliases', edits: ANCHORS, ...READ },
  { attack: 'billion laughs', edits: ANCHORS, ...READ },
  { ...hole('the key __proto__', 'resources/json/read.ts', "key === '__proto__'", 'false'), ...READ },
  {
    attack: 'prototype pollution by JSON Patch paths',
    edits: [
      {
        file: 'resources/patch/json-patch.ts',
        guard: 'isObject(parent) && Object.hasOwn(parent, key)',
        without: 'isObject(parent)',
      },
      { file: 'resources/patch/json-patch.ts', guard: "if (key === '__proto__')", without: 'if (false)' },
      {
        file: 'resources/patch/json-patch.ts',
        guard: 'if (!Object.hasOwn(parent, key))',
        without: 'if (false)',
      },
    ],
  },
  hole(
    'prototype pollution by a merge patch',
    'server/http/body.ts',
    'value: await bodyScheduler.read(format, bytesOf(ctx), ctx.state.since)',
    'value: JSON.parse(String(bytesOf(ctx)))',
  ),
  hole(
    'copies that make a large resource of one',
    'server/open.ts',
    'largestBody: config.maxBody',
    'largestBody: 16 * 1024 * 1024',
  ),
  hole('long keys', 'resources/json/read.ts', 'key.slice(0, 64)', 'key'),
  { ...hole('deep JSON', 'resources/json/read.ts', 'this.#depth > MAX_DEPTH', 'false'), ...READ },
  { ...hole('huge numbers', 'resources/json/number.ts', 'text.length > LONGEST_NUMBER ||', ''), ...READ },
  hole('gzip bomb', 'server/http/body.ts', 'textLimit: config.maxBody', "textLimit: '1gb'"),
  {
    // The hole: a client's mistake becomes a server error.
    ...hole('br that is none', 'server/http/respond.ts', '|ERR__ERROR_|ERR_BROTLI_', ''),
    says: 'expected 500 to equal 400',
  },
  hole(
    'none by a fault, and none tells a secret',
    'server/http/respond.ts',
    'answer.render(operationOutcome(failure.issues))',
    "answer.render({ ...operationOutcome(failure.issues), sent: ctx.get('Authorization') })",
  ),
  hole(
    'nothing that was not theirs to change',
    'auth/policies/access.ts',
    'if (decision) return decision === true ? [] : [decision];',
    'if (decision) return [];',
  ),
  hole('nobody without a policy', 'server/metrics/mount.ts', "judge.requireOperation('metrics');", ''),
  hole(
    'Host, X-Forwarded-Host and X-Forwarded-For injection',
    'auth/endpoints/metadata.ts',
    'async () => published(server())',
    "async ({ headers }) => published(serverMetadata(['http:', headers.host].join('//')))",
  ),
  hole(
    'X-Forwarded-For injection into limits and Sessions',
    'server/http/locate.ts',
    'if (!trusted) return address;',
    "if (!trusted) return ctx.get('X-Forwarded-For').split(',')[0] || address;",
  ),
  hole('CORS origin echoed with credentials', 'server/http/headers.ts', ' && corsOrigins.includes(origin)', ''),
  hole(
    'opens nothing from the next request on',
    'auth/clients/allowed-origins.ts',
    "(engine, 'Client', load)",
    "(engine, '', load)",
  ),
  hole('the pages for people are read by no script', 'server/http/headers.ts', 'if (isPage(ctx.path))', 'if (false)'),
  hole('CRLF in headers', 'server/start.ts', 'const timeouts = {', 'const timeouts = {\n    insecureHTTPParser: true,'),
  hole('CRLF in error_description', 'auth/errors.ts', "\n    .replace(/[^\\x20-\\x7e]/g, '?')", ''),
  {
    attack: 'a raw NUL',
    edits: [
      {
        file: 'resources/json/read.ts',
        guard: 'if (code < 0x20) this.#fail',
        without: 'if (code < 0x20 && code > 0) this.#fail',
      },
      { file: 'resources/json/text.ts', guard: '[\\0\\p{Surrogate}]', without: '[\\p{Surrogate}]' },
    ],
    ...READ,
  },
  { ...hole('lone surrogates', 'resources/json/text.ts', '[\\0\\p{Surrogate}]', '[\\0]'), ...READ },
  hole('65-character ids', 'resources/validate/primitives.ts', '{1,64}', '+'),
  hole('dot-only ids', 'resources/validate/primitives.ts', '(?=.*[^.])', ''),
  hole('a comment that HTML ends sooner', 'resources/validate/narrative.ts', 'if (/^-?>/.test(', 'if (/^\\b\\B/.test('),
  hole('a type by a path', 'commands/reach/over-http.ts', 'TYPE.test(name)', 'name'),
];
