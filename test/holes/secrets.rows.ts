import { type Hole, hole } from './hole.ts';

const PREPARE = 'resources/prepare.ts';
const EXTRACT = 'resources/search/index/extract.ts';
const GUESSING = 'auth/accounts/guessing.ts';
const RECORDS = 'auth/accounts/guess-records.ts';
const PASSWORDS = 'auth/accounts/passwords.ts';
const TURNS = 'auth/accounts/fair-queue.ts';

export const SECRETS: readonly Hole[] = [
  hole('secret or password in', PREPARE, 'delete content[name];', ''),
  hole(
    'a secret inside of another resource',
    'resources/validate/contained.ts',
    'reportSecrets(value, definition, run);',
    '',
  ),
  // The hole: an old version includes the hash.
  hole(
    'read-only admin reaching a secret by another route',
    'resources/reads.ts',
    'const version = await this.#seen(asked, rows);',
    `const seen = await this.#seen(asked, rows);
    const sql = 'SELECT hash FROM credential WHERE key = ?';
    const [held] = await (await this.connection()).all(sql, [seen?.key]);
    const version = seen && { ...seen, text: seen.text?.replace('{', \`{"hash":"\${held?.hash}",\`) };`,
  ),
  hole('JSON Patch test on a secret', PREPARE, 'delete content[name];', ''),
  {
    attack: 'searching or sorting by a secret, a hash or a dotted sub-field',
    edits: [
      {
        file: EXTRACT,
        guard: 'const [code, declared] of Object.entries(definition.search)',
        without: `const [code, declared] of Object.entries({
          ...definition.search,
          ...Object.fromEntries((definition.secrets ?? []).map((name) => [name, { kind: 'token', paths: [[name]] }])),
        })`,
      },
      { file: EXTRACT, guard: '    refuseSecrets(definition, code, declared);\n', without: '' },
    ],
    says: 'was understood',
  },
  hole('tokens in logs', 'server/http/observe.ts', "ctx.originalUrl.split('?', 1)[0]", 'ctx.originalUrl'),
  hole(
    'another user of the machine reads the database',
    'server/database/database.ts',
    "await open(path, 'a', 0o600)",
    "await open(path, 'a')",
  ),
  hole(
    'tokens in GET /Session',
    'auth/sessions/sessions.ts',
    "const draft = engine.draft('Session', id, content);",
    "content.token = tokenHash(format, parts.access);\n  const draft = engine.draft('Session', id, content);",
  ),
  hole('timing of unknown client and user', PASSWORDS, 'await computed(secret, undefined, asker);', ''),
  hole(
    'timing of unknown token',
    'auth/tokens/mint.ts',
    "return digest(format === 'opaque' ?",
    "return (format === 'opaque' ?",
  ),
  hole(
    'guessing by writes at what is hidden',
    'resources/interactions.ts',
    'keyOf: async () => (await this.find(type, id, rows))?.key,',
    'keyOf: async () => (await this.find(type, id))?.key,',
  ),
  hole(
    'guessing by writes that fail',
    PREPARE,
    'for (const secret of secrets) {\n    const hash = await hasher.hash',
    'for (const secret of added) {\n    const hash = await hasher.hash',
  ),
  hole(
    'guesses at an account that is switched off',
    'auth/accounts/accounts.ts',
    'const held = account && isUsable(account.resource) ?',
    'const held = account ?',
  ),
  // The hole: each secret has its own salt.
  hole(
    'how many live secrets an account has does not show in the work',
    PASSWORDS,
    'const [manner] = mannersOf(beside);',
    'const manner = undefined;',
  ),
  hole(
    'a secret that was taken away is not remembered as verified',
    'auth/accounts/accounts.ts',
    'if (!proven.some((hash) => known.secrets.includes(hash))) return undefined;',
    '',
  ),
  hole(
    'lockout as denial of service behind one address',
    GUESSING,
    '=== 0) || !(await records.isKnown(pair))) return counts;',
    '=== 0) || true) return counts;',
  ),
  // The hole: a waiting network keeps its turn until all its guesses are done, however long the others wait.
  {
    attack: 'a flood of guesses keeps nobody else out',
    edits: [
      {
        file: TURNS,
        guard: 'this.#networks.delete(network);',
        without: 'if (rest.length === 0) this.#networks.delete(network);',
      },
      { file: TURNS, guard: 'while (next && this.#elapsed() - next.since >= LONGEST_WAIT)', without: 'while (false)' },
    ],
  },
  // The hole: failures are kept in memory only.
  hole(
    'lockout dodged by another node or a restart',
    RECORDS,
    '    fail,',
    `    fail: async (attempt) => {
      for (const of of ['pair', 'network']) {
        const known = await remembered.get(attempt[of]);
        remembered.set(attempt[of], Promise.resolve([...(known ?? []), attempt.at]));
      }
    },`,
  ),
  {
    attack: 'a changed secret at another node',
    edits: [
      {
        file: 'auth/clients/known-clients.ts',
        guard: 'if (remembered?.generation === generation)',
        without: 'if (remembered)',
      },
    ],
    on: 'PostgreSQL',
  },
  hole(
    'lockout as denial of service by assertions',
    GUESSING,
    "const guessed = credential === 'can be guessed' ? pair : NOBODY;",
    'const guessed = pair;',
  ),
  hole(
    'lockout as denial of service by an unknown key',
    'auth/clients/client-keys.ts',
    'return keys ? { keys, at } : known?.held;',
    'return keys ? { keys, at } : undefined;',
  ),
  hole('guessing on and on', GUESSING, 'WINDOW_MS * 2 ** (locks - 1)', 'WINDOW_MS'),
  hole(
    'what was typed for a name is not stored',
    GUESSING,
    'pair: digest(JSON.stringify([account, network]))',
    'pair: JSON.stringify([account, network])',
  ),
  {
    attack: 'a flood of failures',
    edits: [{ file: RECORDS, guard: 'batching<FailedAttempt>(MOST_AT_ONCE,', without: 'batching<FailedAttempt>(1,' }],
    says: 'expected 500 to be at most',
  },
  hole(
    'lockout as denial of service',
    GUESSING,
    'pair: digest(JSON.stringify([account, network]))',
    'pair: digest(account)',
  ),
  hole('lockout dodged by parallel guesses', GUESSING, 'for (const gate of held) gate.underway += 1;', 'return;'),
  // The hole: secrets in the body are counted separately from those in the header.
  hole(
    'lockout dodged by another grant',
    'auth/clients/methods/secret-post.ts',
    '...bySecret,',
    `...bySecret,
  prove: (context, { id, secrets }, account) => bySecret.prove(context, { id: \`\${id} by post\`, secrets }, account),`,
  ),
];
