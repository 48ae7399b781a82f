import { type Hole, hole } from './hole.ts';

export const LOAD: readonly Hole[] = [
  hole(
    'one parameter a hundred thousand times',
    'auth/endpoints/parameters.ts',
    "if (all.length === MOST_REPEATED) throw new OAuthError('invalid_request', 'A parameter is repeated too often.');",
    '',
  ),
  hole(
    'too many values',
    'resources/json/read.ts',
    "if (this.#left < 0) throw tooMuch(this.#bounds.values, 'values');",
    '',
  ),
  hole('too many names', 'resources/json/read.ts', 'if (this.#names !== undefined) this.#count(key, this.#names);', ''),
  hole('too many fields of a form', 'server/formats/form.ts', 'if (pairs.length === MOST_FIELDS)', 'if (false)'),
  hole('searches would look for by too many values', 'resources/prepare.ts', 'most: type.mostRows', 'most: 2 ** 30'),
  hole(
    'compares two lists in time in proportion to both',
    'resources/validate/invariants/clinical.ts',
    'own.has(coding)',
    'own.size > 0 && new Set(codingsOf(observation.code)).has(coding)',
  ),
  hole(
    'is one part of each element, and read once for all of them',
    'resources/search/index/extract.ts',
    'sourcesAt(places.filter((place) => !isOfWhole(place)))',
    'sourcesAt(places)',
  ),
  hole(
    'is judged in memory in time in proportion to the rows of its parts',
    'resources/search/satisfying.ts',
    'return rest.reduce((shared, bits) => shared & bits, first) !== 0n;',
    'const all = parts.map((rows) => rows.map((row) => BigInt(edgeOf(row)) >> 2n));\n' +
      '  const pairs = all.reduce((known, others) => known.flatMap((bits) => others.map((other) => bits & other)));\n' +
      '  return rest.every((bits) => bits >= first * 0n) && pairs.some((bits) => bits !== 0n);',
  ),
  hole('very many searches', 'server/bundles/plan.ts', 'if (found.size > left)', 'if (false)'),
  hole(
    'small patches that make very large resources',
    'resources/together.ts',
    'if (left < 0)',
    'if (left === Number.POSITIVE_INFINITY)',
  ),
  hole(
    'everything in a transaction',
    'server/bundles/transaction.ts',
    "if (interaction.name === 'everything') {",
    'if (false) {',
  ),
  {
    ...hole('a transaction that only reads', 'server/bundles/transaction.ts', '!resolved.some(isWrite)', 'false'),
    says: 'expected [ 503, false, 201 ]',
  },
  hole(
    'searches while all others wait to write',
    'server/bundles/transaction.ts',
    '!writes || pages <= MOST_PAGES',
    'true',
  ),
  hole(
    'searches of a transaction that are slow',
    'resources/together.ts',
    'if (now - this.#begun < LONGEST_JOB) return;',
    'if (now >= this.#begun) return;',
  ),
  hole(
    'a history that passes over very many versions',
    'resources/reads.ts',
    'return async (versions) => shown(await this.connection(), served, rows, versions);',
    'let once: Connection | undefined;\n' +
      '    return async (versions) => shown((once ??= await this.connection()), served, rows, versions);',
  ),
  hole(
    'is refused before its body is read',
    'server/routes/resources.ts',
    'if (takes !== undefined && operation !== undefined) judge',
    'if (takes === undefined && operation !== undefined) judge',
  ),
  hole('two long pieces that are begun at the same moment', 'resources/pace/pace.ts', 'if (this.#isRunning ||', 'if ('),
  {
    ...hole(
      'slow body',
      'server/start.ts',
      '    requestTimeout,\n    headersTimeout',
      '    requestTimeout: 0,\n    headersTimeout',
    ),
    says: 'the end of the connection',
  },
  {
    ...hole('slow reader', 'server/start.ts', 'limitReading(request, response, answer);', ''),
    says: 'the end of the connection',
  },
  hole(
    'slow readers of one document',
    'server/describe/mount.ts',
    'ctx.body = document.bytes;',
    'ctx.body = Buffer.from(document.bytes);',
  ),
  hole('bodies that do not end', 'server/load/held-bytes.ts', 'this.#bytes > this.#most', 'this.#bytes < 0'),
  {
    ...hole('a body that comes byte by byte', 'server/http/body.ts', 'const PIECE = 400;', 'const PIECE = 0;'),
    says: 'the refusal',
  },
  {
    ...hole(
      'a compressed body that does not end',
      'server/http/body.ts',
      'return () => source;',
      'return () => request;',
    ),
    says: 'the part is there',
  },
  hole(
    'compressed bodies that are sent whole',
    'server/http/body.ts',
    "source.once('end', body.settle);",
    "req.once('end', body.settle);",
  ),
  {
    ...hole(
      'senders of one network make nobody else give way',
      'server/load/held-bytes.ts',
      'const network = networkOf(address);',
      "const network = networkOf(address) && '';",
    ),
    says: 'HTTP/1.1 503',
  },
  {
    ...hole(
      'a sender who leaves',
      'server/http/body.ts',
      'if (!req.complete) fail(req, source, cutOff());',
      'if (req.destroyed) return;',
    ),
    says: 'the request is over',
  },
  {
    ...hole(
      'that are not read',
      'server/load/slow-readers.ts',
      'const end = () => req.socket.resetAndDestroy();',
      'const end = () => req.socket.uncork();',
    ),
    says: 'the end of their connections',
  },
  {
    ...hole(
      'that are all being read',
      'server/load/held-bytes.ts',
      'if (held.mayGiveWay())',
      'if (held.mayGiveWay() || true)',
    ),
    says: 'all are on their way',
  },
  {
    ...hole(
      'that wait behind another on a connection that is left',
      'server/load/open-connections.ts',
      "response.emit('close');",
      '',
    ),
    says: 'what waited is let go of',
  },
  hole(
    'entries of a batch that its answer has no room for',
    'server/bundles/batch.ts',
    'if (room.take(answer)) return answer;',
    'return answer;',
  ),
  hole(
    'a transaction whose answer has no room',
    'server/bundles/transaction.ts',
    'if (room.take(answer)) return answer;',
    'if (answer) return answer;',
  ),
  hole('gives them page by page', 'server/http/answer.ts', 'stored: 8 * 1024', 'stored: 8 * 1024 * 1024'),
  hole('what is rendered anew ends earlier', 'server/http/answer.ts', 'rendered: 1024', 'rendered: 8 * 1024'),
  hole(
    'what is included has as many bytes as the matches may have',
    'resources/search/sql/included.ts',
    'left -= bytes;',
    '',
  ),
  hole(
    'open connections are each answered',
    'server/load/open-connections.ts',
    "socket.once('close',",
    "if (this.#due.size > 500) socket.end('HTTP/1.1 429 Full\\r\\nConnection: close\\r\\n\\r\\n');\n" +
      "      socket.once('close',",
  ),
  hole(
    'writes that wait for a database that does not move',
    'resources/pace/bounded-queue.ts',
    'longest = LONGEST_WAIT',
    'longest = 2.5 * LONGEST_WAIT',
  ),
  hole(
    'many callers connect at once',
    'server/load/admission-queue.ts',
    'if (now < this.#freeUntil) return;',
    'if (now > 0) return;',
  ),
  {
    ...hole('a late event loop', 'server/load/admission-queue.ts', 'Math.max(0, this.#loop.lateness())', '0'),
    says: 'expected [ 200',
  },
  hole(
    'a policy that takes too long to compile',
    'auth/policies/pattern.ts',
    'compiled.programSize() > LARGEST_PROGRAM',
    'source.length > LONGEST_PATTERN',
  ),
  hole(
    'ReDoS in patterns of policies',
    'auth/policies/pattern.ts',
    'const compiled = RE2JS.compile(source);',
    "const whole = new RegExp('^(?:' + source + ')$');\n" +
      '  const part = new RegExp(source);\n' +
      '  const compiled = {\n' +
      '    programSize: () => 0,\n' +
      '    matches: (text) => whole.test(text),\n' +
      '    matcher: (text) => ({ find: () => part.test(text) }),\n' +
      '  };',
  ),
  hole('ReDoS in our own expressions', 'server/http/observe.ts', '/^[\\w.:-]{1,64}$/', '/^([\\w.:-]+)+$/'),
];
