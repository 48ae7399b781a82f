import { type Edit, type Hole, hole } from './hole.ts';

/** What the test of a reader says where a text is read that has to be refused. */
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
    'resources/search/fragment.ts',
    "text += '?';\n      bindings.push(part);",
    "text += typeof part === 'string' ? `'${part}'` : String(part);",
  ),
  hole(
    'SQL through parameter names, sort fields, JSON paths, cursors',
    'resources/search/order.ts',
    'const parameter = parameterOf(type, code);',
    'const parameter = type.parameters.get(code);\n' +
      '  if (!parameter) return { ...own, column: code, read: () => undefined };',
  ),
  {
    attack: 'SQL through cursors of a history',
    edits: [
      { file: 'resources/history.ts', guard: '!/^\\d{1,15}\\.\\d{1,15}\\.\\d{1,10}$/.test(text)', without: 'false' },
      { file: 'resources/history.ts', guard: ".split('.').map(Number)", without: ".split('.')" },
      {
        file: 'resources/history.ts',
        guard: "'(last_updated, key, version_id) < (?, ?, ?)'",
        without: '`(last_updated, key, version_id) < (${after.join()})`',
      },
      { file: 'resources/history.ts', guard: ', ...(after ?? [])', without: '' },
    ],
  },
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
        '  defineScalarTag(`${TAG}js/function`, {\n' +
        '    resolve: (source) => new Function(`return ${source}`)(),\n' +
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
    ],
  },
  hole(
    'prototype pollution by a merge patch',
    'server/body.ts',
    'value: format.parse(bodyText(ctx))',
    'value: JSON.parse(bodyText(ctx))',
  ),
  hole('long keys', 'resources/json/read.ts', 'key.slice(0, 64)', 'key'),
  { ...hole('deep JSON', 'resources/json/read.ts', 'this.#depth > MAX_DEPTH', 'false'), ...READ },
  { ...hole('huge numbers', 'resources/json/number.ts', 'text.length > LONGEST_NUMBER ||', ''), ...READ },
  hole('gzip bomb', 'server/body.ts', 'textLimit: config.maxBody', "textLimit: '1gb'"),
];
