import { type Edit, type Hole, hole } from './hole.ts';

const CODES = 'auth/authorization/codes.ts';
const CODE_GRANT = 'auth/grants/authorization-code.ts';
const REFRESH = 'auth/sessions/refresh.ts';
const REQUEST = 'auth/authorization/request.ts';
const REDIRECT_URIS = 'auth/authorization/redirect-uris.ts';
const AUTHORIZE = 'auth/endpoints/authorize.ts';
const ACCESS = 'auth/policies/access.ts';
const SMART = 'auth/scopes/smart-scopes.ts';
const PAGE = 'auth/pages/page.ts';

/** A disabled User is accepted, unless it has changed during the request. */
const UNUSABLE: Edit = {
  file: 'auth/sessions/sessions.ts',
  guard: 'current?.versionId === stored.versionId && isUsable(stored.resource)',
  without: 'current?.versionId === stored.versionId',
};

export const SIGNING_IN: readonly Hole[] = [
  hole('code replay ends the tokens', CODES, "if (spent?.type === 'Session')", 'if (false)'),
  {
    attack: 'code replay by 20 at once',
    edits: [
      {
        file: CODE_GRANT,
        guard: '(await takeCode(transaction, code))',
        without: '((await takeCode(transaction, code)) || true)',
      },
      // The hole: each exchange is recorded separately.
      {
        file: CODES,
        guard: 'spentCodeHash(code), detail: null',
        without: 'spentCodeHash(code + sessionKey), detail: null',
      },
    ],
  },
  hole('code of another client', CODE_GRANT, 'if (agreement.client !== client)', 'if (false)'),
  hole(
    'redirect_uri has to be the same',
    CODE_GRANT,
    'if (!same && (agreement.redirectUriSent || redirectUri !== undefined))',
    'if (false)',
  ),
  hole(
    'PKCE missing',
    REQUEST,
    "const challenge = parameters.require('code_challenge');",
    "const challenge = parameters.get('code_challenge');\n  if (challenge === undefined) return '';",
  ),
  hole('PKCE plain', REQUEST, "parameters.get('code_challenge_method') !== CHALLENGE_METHOD", 'false'),
  hole(
    'a wrong verifier',
    CODE_GRANT,
    'if (proof.length !== challenge.length || !timingSafeEqual(proof, challenge))',
    'if (false)',
  ),
  {
    attack: 'a downgrade by leaving the verifier out',
    edits: [
      { file: CODE_GRANT, guard: "parameters.require('code_verifier')", without: "parameters.get('code_verifier')" },
      {
        file: CODE_GRANT,
        guard: '  if (!/^[A-Za-z0-9',
        without: '  if (verifier === undefined) return;\n  if (!/^[A-Za-z0-9',
      },
    ],
  },
  {
    attack: 'a deactivated user',
    edits: [{ file: 'auth/rules.ts', guard: 'await endSignIns(transaction, change);', without: '' }, UNUSABLE],
  },
  hole(
    'policy of the user is judged, not of the client',
    ACCESS,
    'return [principalName(principal), ...new',
    "return [principalName(principal), 'Client/' + principal.client.id, ...new",
  ),
  // The hole: a spent code is stored like the tokens of its Session, and only its name differs.
  {
    attack: 'a code is no token',
    edits: [
      { file: CODES, guard: 'spent-code:', without: '' },
      {
        file: 'auth/grants/refresh-token.ts',
        guard: "live?.name === 'refresh' ? live : spent",
        without: 'live ?? spent',
      },
      { file: REFRESH, guard: "live?.name === 'refresh'", without: 'live' },
      { file: REFRESH, guard: ' || refreshRecord(live).expiresAt * 1000 <= transaction.now', without: '' },
    ],
  },
  hole(
    'tells a client of a person no more than its scopes',
    'auth/endpoints/userinfo.ts',
    'isOfPages ? claimed(token, baseUrl) : ',
    '',
  ),
  // The hole: an ID token is built so that only its type distinguishes it from an access token.
  {
    attack: 'an ID token is no bearer',
    edits: [
      {
        file: 'auth/tokens/id-token.ts',
        guard: 'at_hash: leftHalf(key.alg, accessToken),',
        without: "at_hash: '', tid: accessToken, jti: session['id'], client_id: '',",
      },
      { file: 'auth/tokens/presented.ts', guard: "typ: use === 'access' ? ACCESS_TOKEN_TYPE : 'JWT',", without: '' },
      {
        file: 'auth/tokens/presented.ts',
        guard: "hash: tokenHash('jwt', part)",
        without: "hash: tokenHash(payload.at_hash === '' ? 'opaque' : 'jwt', part)",
      },
    ],
  },
  hole(
    'somebody else is asked to sign in',
    'auth/authorization/steps/sign-in.ts',
    'if (request.idTokenHint === undefined) return true;',
    'return true;',
  ),
  {
    attack: 'mix-up',
    edits: [
      { file: AUTHORIZE, guard: ', iss: settings.baseUrl }', without: ' }' },
      {
        file: 'auth/endpoints/metadata.ts',
        guard: 'authorization_response_iss_parameter_supported: true,',
        without: '',
      },
    ],
  },
  hole('open redirect', REQUEST, ' || !isListed(listed, redirectUri)', ''),
  hole(
    'an error sends nobody on who is not signed in',
    AUTHORIZE,
    "return (await browsers.login(browsers.secretOf(headerOf(request, 'cookie')))) !== undefined;",
    'return true;',
  ),
  hole(
    'whatever is added, left out or changed of a listed one is another',
    REDIRECT_URIS,
    'if (listed.includes(uri))',
    'if (listed.some((each) => uri.startsWith(each)))',
  ),
  hole('no script of another origin may read it', 'server/http/headers.ts', 'if (isPage(ctx.path)) return next();', ''),
  hole(
    'CSRF on login and consent',
    'auth/authorization/form-seal.ts',
    "['interaction', browser, payload]",
    "['interaction', payload]",
  ),
  hole(
    'a form that another site sends signs nobody out',
    AUTHORIZE,
    ': resume(context, request, pairs);',
    ': (resume(context, request, pairs) ?? begin(context, pairs));',
  ),
  hole(
    'no other site signs a person out',
    'auth/endpoints/logout.ts',
    'if (!isOwnForm(keys, browser, pairs))',
    'if (false)',
  ),
  {
    ...hole(
      'a code that is given while its person signs out of the browser',
      'auth/authorization/browsers.ts',
      'await transaction.current(type, id);',
      '',
    ),
    on: 'PostgreSQL',
  },
  hole(
    'login fixation',
    'auth/authorization/browsers.ts',
    "const secret = random(32).toString('base64url');",
    'const secret = previous;',
  ),
  {
    attack: 'clickjacking',
    edits: [
      { file: PAGE, guard: "    `frame-ancestors 'none'`,\n", without: '' },
      { file: PAGE, guard: ", 'X-Frame-Options': 'DENY'", without: '' },
    ],
  },
  hole(
    'HTML injection by client name, state, scope, login_hint',
    'auth/pages/html.ts',
    'return escaped(String(value));',
    'return String(value);',
  ),
  // The hole: failures on the login page are counted under a different address than those at the token endpoint.
  hole(
    'guessing through the login page',
    'auth/authorization/steps/sign-in.ts',
    'const { address, since, request } = interaction;',
    "const { since, request } = interaction; const address = '192.0.2.1';",
  ),
  hole(
    'behind one’s back',
    'auth/authorization/steps/consent.ts',
    'return isUnassured(request.redirectUri) && (login?.at ?? 0) < startedAt;',
    'return false;',
  ),
  hole(
    'takes no other',
    'auth/authorization/steps/choose-patient.ts',
    'patient !== undefined && (await findPatient(context, interaction, patient)) ?',
    'patient !== undefined ?',
  ),
  hole(
    'a patient that its person may not read',
    'auth/authorization/patients.ts',
    "await visible(context, interaction, 'read', id) :",
    "await visible(context, interaction, 'read') :",
  ),
  hole('a choice of somebody else', 'auth/authorization/steps/sign-in.ts', 'login, patient: undefined }', 'login }'),
  hole(
    'scopes and no patient gets nothing',
    ACCESS,
    'patient === undefined ? false :',
    'patient === undefined ? true :',
  ),
  hole(
    'reaches the compartment of the patient and nothing else',
    SMART,
    "return scopes.includes(PATIENT_LAUNCH) ? 'patient' : undefined;",
    'return undefined;',
  ),
  hole('adds nothing to them, refreshed for itself either', SMART, 'boundOf(boundBy);', 'boundOf(scope);'),
  hole(
    'in searches, totals, includes, chains and histories',
    ACCESS,
    'allOf([decide(this.#inForce, request), scope], (part) => part)',
    'decide(this.#inForce, request)',
  ),
];
