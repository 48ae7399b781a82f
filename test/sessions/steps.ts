/** What may happen to Sessions, in any order: each step does it over HTTP and tells the model. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Api } from '../auth/http/api.ts';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';
import type { Reply } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { ACCOUNTS, type Accounts, CALLBACK, type Change, CLIENTS, USERS } from './accounts.ts';
import { type Given, ModelSession } from './model.ts';

export interface Scene {
  api: Api;
  accounts: Accounts;
  sessions: ModelSession[];
}

/** One step; numbers choose among what there is by then. */
export type Step =
  | { kind: 'issue'; client: string; grant: number; user: string }
  | { kind: 'refresh'; session: number; token: number; prove: boolean }
  | { kind: 'retry'; session: number; seconds: number; prove: boolean }
  | { kind: 'revoke'; session: number; token: number }
  | { kind: 'close'; session: number; token: number }
  | { kind: 'delete' | 'switch off' | 'replay code'; session: number }
  | { kind: 'account'; id: string; change: Change }
  | { kind: 'together'; session: number; ending: Ending }
  | { kind: 'pass'; seconds: number };

type Ending = 'revoke' | 'delete' | 'switch off' | 'client' | 'user';
type StepOf<Kind> = Extract<Step, { kind: Kind }>;

const session = fc.nat({ max: 40 });
/** 0 is what was given last, which is what is asked for most. */
const token = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 40 }) });
const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

export const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(
    6,
    fc.record({
      kind: fc.constant('issue'),
      client: fc.constantFrom(...Object.keys(CLIENTS)),
      grant: fc.nat({ max: 5 }),
      user: fc.constantFrom(...USERS),
    }),
  ),
  weighted(9, fc.record({ kind: fc.constant('refresh'), session, token, prove: fc.boolean() })),
  weighted(
    3,
    fc.record({
      kind: fc.constant('retry'),
      session,
      seconds: fc.constantFrom(0, 3, 10, 11, 15),
      prove: fc.boolean(),
    }),
  ),
  weighted(1, fc.record({ kind: fc.constant('revoke'), session, token })),
  weighted(1, fc.record({ kind: fc.constant('close'), session, token })),
  weighted(1, fc.record({ kind: fc.constantFrom('delete', 'switch off', 'replay code'), session })),
  weighted(
    2,
    fc.record({
      kind: fc.constant('account'),
      id: fc.constantFrom(...ACCOUNTS),
      change: fc.constantFrom('name', 'secret', 'off', 'gone'),
    }),
  ),
  weighted(
    2,
    fc.record({
      kind: fc.constant('together'),
      session,
      ending: fc.constantFrom('revoke', 'delete', 'switch off', 'client', 'user'),
    }),
  ),
  weighted(3, fc.record({ kind: fc.constant('pass'), seconds: fc.constantFrom(1, 3, 10, 11, 400, 1000, 3000) })),
);

/** Takes a step; fails where the answer is another than the model's. */
export async function take(scene: Scene, taken: Step): Promise<void> {
  switch (taken.kind) {
    case 'issue':
      return issue(scene, taken);
    case 'pass':
      return scene.api.pass(taken.seconds);
    case 'account':
      return changeAccount(scene, taken);
    default: {
      const chosen = scene.sessions[taken.session % Math.max(1, scene.sessions.length)];
      return chosen && takeWith(scene, taken, chosen);
    }
  }
}

function takeWith(
  scene: Scene,
  taken: Exclude<Step, { kind: 'issue' | 'pass' | 'account' }>,
  chosen: ModelSession,
): Promise<void> {
  switch (taken.kind) {
    case 'refresh':
      return refresh(scene, taken, chosen);
    case 'retry':
      return retry(scene, taken, chosen);
    case 'revoke':
      return revoke(scene, taken, chosen);
    case 'close':
      return close(scene, taken, chosen);
    case 'replay code':
      return replayCode(scene, chosen);
    case 'together':
      return together(scene, taken, chosen);
    default:
      return endAsRoot(scene, chosen, taken.kind);
  }
}

const givenIn = (reply: Reply): Given => ({
  access: reply.string('access_token'),
  refresh: reply.string('refresh_token'),
});

async function issue({ api, accounts, sessions }: Scene, { client, grant, user }: StepOf<'issue'>): Promise<void> {
  const grants = CLIENTS[client]?.grants ?? [];
  const name = grants[grant % grants.length] ?? '';
  const personal = name !== 'client_credentials';
  // Whoever may not be used gets nothing: other suites say so, and guesses would be counted here.
  if (!accounts.isOn(client) || (personal && !accounts.isOn(user))) return;
  const code = name === 'authorization_code' ? await newCode(api, client, user, accounts.passwordOf(user)) : undefined;
  const forms: Record<string, Record<string, string>> = {
    password: { username: user, password: accounts.passwordOf(user) },
    authorization_code: { code: code ?? '', code_verifier: VERIFIER, redirect_uri: CALLBACK },
  };
  const reply = await api.granted({ grant_type: name, ...(await accounts.proofOf(client)), ...forms[name] });
  const { as, form } = await accounts.introspector(client);
  const asked = { ...form, token: reply.string('access_token') };
  const told = await api.request('POST', '/auth/introspect', { form: asked, ...(as && { as }) });
  const of = { id: told.string('jti'), client, ...(personal && { user }), ...(code !== undefined && { code }) };
  sessions.push(new ModelSession(of, givenIn(reply), api.now()));
}

async function newCode(api: Api, client: string, user: string, password: string): Promise<string> {
  const browser = browserOf(api);
  const query = { response_type: 'code', client_id: client, redirect_uri: CALLBACK };
  const page = await browser.open({ ...query, code_challenge: CHALLENGE, code_challenge_method: 'S256' });
  const next = await browser.signIn(page, user, password);
  return codeIn(next.status === 303 ? next : await browser.send(next, { answer: 'allow' }));
}

/** One of the tokens of a use, counted from the newest. */
function oldToken({ known }: ModelSession, use: 'access' | 'refresh', at: number): string {
  const tokens = known.filter((each) => each.use === use).reverse();
  return tokens[at % tokens.length]?.text ?? '';
}

async function sendRefresh({ api, accounts }: Scene, client: string, refresh_token: string, prove = true) {
  const proof = await accounts.proofOf(client, prove || !CLIENTS[client]?.excused ? 'in' : 'out');
  const rotated = CLIENTS[client]?.proof === 'none' || !('client_assertion' in proof || 'client_secret' in proof);
  return { reply: await api.token({ grant_type: 'refresh_token', refresh_token, ...proof }), rotated };
}

function refresh(scene: Scene, { token: at, prove }: StepOf<'refresh'>, chosen: ModelSession): Promise<void> {
  return refreshBy(scene, oldToken(chosen, 'refresh', at), prove, chosen);
}

/** The same refresh token twice, as by a client whose answer was lost: nothing is used in between. */
async function retry(scene: Scene, { seconds, prove }: StepOf<'retry'>, chosen: ModelSession): Promise<void> {
  const text = chosen.current.refresh;
  await refreshBy(scene, text, prove, chosen);
  scene.api.pass(seconds);
  await refreshBy(scene, text, prove, chosen);
}

async function refreshBy(scene: Scene, text: string, prove: boolean, chosen: ModelSession): Promise<void> {
  const { api, accounts } = scene;
  const { reply, rotated } = await sendRefresh(scene, chosen.client, text, prove);
  const outcome = chosen.refresh(text, api.now());
  // Who leaves the proof out may be told no more than that, and after a hundred such requests to wait.
  const refused = prove && accounts.isOn(chosen.client) ? [400] : [400, 401, 429];
  expect(reply.status, reply.text).to.be.oneOf(outcome === 'refused' ? refused : [200]);
  if (outcome === 'same') expect(givenIn(reply)).to.eql(chosen.current);
  if (outcome !== 'next') return;
  const given = givenIn(reply);
  expect(given.access).to.not.equal(chosen.current.access);
  expect(given.refresh !== chosen.current.refresh).to.equal(rotated);
  chosen.advance(given, rotated, api.now());
}

/** A token that is good, and a spent refresh token, end their Session; any other is unknown. */
async function revoke({ api, accounts }: Scene, { token: at }: StepOf<'revoke'>, chosen: ModelSession): Promise<void> {
  const { text, use } = [...chosen.known].reverse()[at % chosen.known.length] ?? { text: '', use: 'refresh' };
  const form = { token: text, ...(await accounts.proofOf(chosen.client)) };
  const reply = await api.request('POST', '/auth/revoke', { form });
  expect(reply.status, reply.text).to.equal(accounts.isOn(chosen.client) ? 200 : 401);
  if (use === 'refresh' || chosen.works({ text, use }, api.now())) chosen.over = true;
}

async function close({ api }: Scene, { token: at }: StepOf<'close'>, chosen: ModelSession): Promise<void> {
  const text = oldToken(chosen, 'access', at);
  const good = chosen.works({ text, use: 'access' }, api.now());
  const { status } = await api.request('DELETE', '/Session', { as: { bearer: text } });
  expect(status).to.equal(good ? 204 : 401);
  if (good) chosen.over = true;
}

async function endAsRoot({ api }: Scene, chosen: ModelSession, how: 'delete' | 'switch off'): Promise<void> {
  const path = `/Session/${chosen.id}`;
  const patch = { body: '{"active":false}', headers: { 'content-type': 'application/merge-patch+json' } };
  const { status } = await (how === 'delete'
    ? api.request('DELETE', path, { as: asRoot })
    : api.request('PATCH', path, { as: asRoot, ...patch }));
  expect(status).to.be.oneOf([200, 204, 404, 410]);
  chosen.over = true;
}

async function replayCode({ api, accounts }: Scene, chosen: ModelSession): Promise<void> {
  if (chosen.code === undefined) return;
  const { code } = chosen;
  const form = { grant_type: 'authorization_code', code, code_verifier: VERIFIER, redirect_uri: CALLBACK };
  const reply = await api.token({ ...form, ...(await accounts.proofOf(chosen.client)) });
  expect(reply.status, reply.text).to.equal(accounts.isOn(chosen.client) ? 400 : 401);
  chosen.over = true;
}

async function changeAccount({ accounts, sessions }: Scene, { id, change }: StepOf<'account'>): Promise<void> {
  if (!(await accounts.change(id, change))) return;
  for (const each of sessions) if (each.client === id || each.user === id) each.over = true;
}

/** A refresh at the same time as an end: whichever wins, nothing is good afterwards. */
async function together(scene: Scene, { ending }: StepOf<'together'>, chosen: ModelSession): Promise<void> {
  const { api, accounts } = scene;
  const { current, client, user } = chosen;
  const ends: Record<Ending, () => Promise<unknown>> = {
    revoke: async () => {
      const form = { token: current.refresh, ...(await accounts.proofOf(client)) };
      return api.request('POST', '/auth/revoke', { form });
    },
    delete: () => endAsRoot(scene, chosen, 'delete'),
    'switch off': () => endAsRoot(scene, chosen, 'switch off'),
    client: () => changeAccount(scene, { kind: 'account', id: client, change: 'off' }),
    user: () => changeAccount(scene, { kind: 'account', id: user ?? client, change: 'secret' }),
  };
  // An account that is off is switched on again by a change: then its Sessions are over already.
  const [{ reply, rotated }] = await Promise.all([sendRefresh(scene, client, current.refresh), ends[ending]()]);
  if (reply.status === 200) chosen.advance(givenIn(reply), rotated, api.now());
  if (ending !== 'user' || user !== undefined || CLIENTS[client]?.proof === 'secret') chosen.over = true;
}
