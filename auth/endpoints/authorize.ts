/**
 * The authorization endpoint (https://www.rfc-editor.org/rfc/rfc6749#section-3.1, RFC 9207,
 * https://openid.net/specs/openid-connect-core-1_0.html#AuthorizationEndpoint).
 */
import type { RandomBytes } from '../../resources/clock.ts';
import type { Work } from '../../resources/engine.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { storeCode } from '../authorization/codes.ts';
import { seal, unseal, unverified } from '../authorization/form-seal.ts';
import { withAnswer } from '../authorization/redirect-uris.ts';
import {
  AUTHORIZATION_CODE,
  type Destination,
  isAsked,
  readDestination,
  readRequest,
} from '../authorization/request.ts';
import { STEPS } from '../authorization/steps/registry.ts';
import type { Interaction, Step, StepContext } from '../authorization/steps/step.ts';
import { OAuthError } from '../errors.ts';
import { html } from '../pages/html.ts';
import { type Content, leavePage, page } from '../pages/page.ts';
import { accountsOf, requireUnchanged } from '../sessions/sessions.ts';
import { randomPart } from '../tokens/mint.ts';
import { askedAgain, type BrowserAnswer, type BrowserEndpoint, pairsOf, sentOn } from './browser-exchange.ts';
import { type AuthRequest, headerOf } from './exchange.ts';
import type { Pair } from './parameters.ts';
import { claimedBy, noteRefusal } from './refusals.ts';

export interface AuthorizeContext extends StepContext {
  random: RandomBytes;
}

/** `GET /auth/authorize`. `POST` takes the forms of its pages, and requests, which are redirected to GET. */
export function authorizeEndpoint(context: AuthorizeContext): BrowserEndpoint {
  return async (request) => {
    const pairs = pairsOf(request);
    const begun = request.method !== 'POST' ? begin(context, pairs) : resume(context, request, pairs);
    if (!begun) return askedAgain('authorize', requestIn(context, request, pairs));
    const destination = await readDestination(context.engine, begun.pairs);
    try {
      const interaction = await interactionOf(context, request, begun, destination);
      const step = STEPS.find(({ name }) => name === begun.step);
      if (!step) return await proceed(context, begun.pairs, interaction);
      return await answer(context, begun.pairs, step, interaction, new Map(pairs));
    } catch (error) {
      if (!(error instanceof OAuthError)) {
        const { address, method } = request;
        const about = { client: destination.client.id, address, asked: `${method} /auth/authorize` };
        noteRefusal(context.audit, error, { ...about, claimed: { login: claimedBy(request).login } });
        throw error;
      }
      const sentBack = redirect(context, destination, { error: error.code, error_description: error.message });
      if (await mayBeSent(context, request, begun.pairs)) return sentBack;
      return leavePage(error, String(sentBack.headers['Location']), destination.redirectUri);
    }
  };
}

/**
 * Returns true if a browser may be redirected to the app with an error: the person is signed in, or the app sent
 * `prompt=none`. Otherwise anybody may have made the link, to see where it leads (RFC 9700 §4.11.2).
 */
async function mayBeSent({ browsers }: AuthorizeContext, request: AuthRequest, pairs: Pair[]): Promise<boolean> {
  if (pairs.some(([name, value]) => name === 'prompt' && value === 'none')) return true;
  return (await browsers.login(browsers.secretOf(headerOf(request, 'cookie')))) !== undefined;
}

/** The state of one request between its pages, sealed and carried by the browser. */
interface Begun {
  /** The parameters of the request. Everything derived from them is read again. */
  pairs: Pair[];
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** The step whose form was sent; undefined for a request of a client. */
  step: string | undefined;
  patient: string | undefined;
}

function begin({ clock }: AuthorizeContext, sent: Pair[]): Begun {
  return { pairs: sent.filter(([name]) => isAsked(name)), startedAt: clock(), step: undefined, patient: undefined };
}

/** Milliseconds in which a person may complete the pages of one request. */
const PATIENCE = 3600_000;

/** Reads the state from a form. Returns undefined if it is missing, expired or sealed for another cookie. */
function resume({ keys, browsers, clock }: AuthorizeContext, request: AuthRequest, sent: Pair[]): Begun | undefined {
  const value = unseal(keys.derivation, browsers.secretOf(headerOf(request, 'cookie')), sealedIn(sent) ?? '');
  const startedAt = Number(value?.['startedAt']);
  if (!value || !(startedAt + PATIENCE > clock())) return undefined;
  return { pairs: pairsIn(value), startedAt, step: text(value['step']), patient: text(value['patient']) };
}

/**
 * Returns the request of a POST that cannot be resumed: that of a client, or that of a form whose browser has since
 * signed in in another tab. It is no more trusted than a link. Throws `invalid_request` for a form without a request,
 * and if the browser keeps no cookie: it would be redirected forever.
 */
function requestIn({ browsers }: AuthorizeContext, request: AuthRequest, sent: Pair[]): Pair[] {
  const sealed = sealedIn(sent);
  if (sealed === undefined) return sent.filter(([name]) => isAsked(name));
  const pairs = pairsIn(unverified(sealed) ?? {}).filter(([name]) => isAsked(name));
  if (pairs.length > 0 && browsers.isKnown(headerOf(request, 'cookie'))) return pairs;
  throw new OAuthError('invalid_request', 'This page has expired, or the browser blocks its cookie.');
}

function sealedIn(sent: readonly Pair[]): string | undefined {
  return sent.find(([name]) => name === 'interaction')?.[1];
}

function pairsIn({ pairs }: JsonObject): Pair[] {
  return (Array.isArray(pairs) ? pairs : []).flatMap(pairOf);
}

function pairOf(value: Json): Pair[] {
  const [name, text] = Array.isArray(value) ? value : [];
  return typeof name === 'string' && typeof text === 'string' ? [[name, text]] : [];
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

async function interactionOf(
  { settings, browsers }: AuthorizeContext,
  request: AuthRequest,
  { pairs, startedAt, patient }: Begun,
  destination: Destination,
): Promise<Interaction> {
  const browser = browsers.secretOf(headerOf(request, 'cookie'));
  const asked = readRequest(settings, destination, pairs);
  const login = await browsers.login(browser);
  const { address, since } = request;
  return { request: asked, startedAt, browser, address, since, login, patient, agreed: false };
}

/** Processes the answer to a step, unless an earlier step must be asked again, because a login may have ended. */
async function answer(
  context: AuthorizeContext,
  pairs: Pair[],
  step: Step,
  interaction: Interaction,
  fields: ReadonlyMap<string, string>,
): Promise<BrowserAnswer> {
  if (fields.get('answer') === 'deny') {
    const { request, login, address } = interaction;
    const about = { client: request.client.id, user: login?.user.id, address, asked: AUTHORIZATION_CODE };
    context.audit.note({ kind: 'token-refused', outcome: '4', reason: 'access_denied', ...about });
    throw new OAuthError('access_denied', 'The person denied the request.');
  }
  const settled = await settle(context, STEPS.slice(0, STEPS.indexOf(step)), interaction);
  if (settled.open) return ask(context, pairs, settled.open, settled.interaction);
  const taken = await step.take(context, settled.interaction, fields);
  if ('again' in taken) return shown(context, pairs, step, settled.interaction, taken.again);
  return proceed(context, pairs, taken.interaction);
}

/** Asks the next open question; issues the code if there is none. */
async function proceed(context: AuthorizeContext, pairs: Pair[], interaction: Interaction): Promise<BrowserAnswer> {
  const settled = await settle(context, STEPS, interaction);
  return settled.open ? ask(context, pairs, settled.open, settled.interaction) : finish(context, settled.interaction);
}

/** Returns the interaction with what the steps find out by themselves, up to the first step that must ask. */
async function settle(
  context: AuthorizeContext,
  steps: readonly Step[],
  interaction: Interaction,
): Promise<{ interaction: Interaction; open: Step | undefined }> {
  let settled = interaction;
  for (const step of steps) {
    const next = await step.settle(context, settled);
    if (!next) return { interaction: settled, open: step };
    settled = next;
  }
  return { interaction: settled, open: undefined };
}

async function ask(
  context: AuthorizeContext,
  pairs: Pair[],
  step: Step,
  interaction: Interaction,
): Promise<BrowserAnswer> {
  if (interaction.request.prompts.has('none'))
    throw new OAuthError(step.unasked, 'The person must interact first, which prompt=none does not allow.');
  return shown(context, pairs, step, interaction, await step.ask(context, interaction));
}

function shown(
  { keys, browsers }: AuthorizeContext,
  pairs: Pair[],
  step: Step,
  { request, browser, startedAt, patient }: Interaction,
  content: Content,
): BrowserAnswer {
  const value: JsonObject = { pairs, startedAt, step: step.name, ...(patient === undefined ? {} : { patient }) };
  // A relative address: the page may be reached under another host name than BASE_URL.
  const body = html`<form method="post" action="authorize">
<input type="hidden" name="interaction" value="${seal(keys.derivation, browser, value)}">
${content.body}
</form>`;
  const answered = page({ ...content, body }, request.redirectUri);
  return { ...answered, headers: { ...answered.headers, 'Set-Cookie': browsers.cookie(browser) } };
}

/** Issues the code (RFC 6749 §4.1.2). Throws `access_denied` if the User was changed or signed out in the meantime. */
async function finish(context: AuthorizeContext, interaction: Interaction): Promise<BrowserAnswer> {
  const { request, login, patient, browser, since } = interaction;
  if (!login) throw new OAuthError('login_required', 'Nobody is signed in.');
  const { client, redirectUri, redirectUriSent, challenge, scope, audience, nonce } = request;
  const code = randomPart(context.random);
  const agreement = { redirectUri, redirectUriSent, challenge, scope, audience, nonce, patient };
  const store: Work<void> = async (transaction) => {
    await requireUnchanged(transaction, 'User', login.user, 'access_denied');
    await context.browsers.requireSignedIn(transaction, browser);
    await storeCode(transaction, login.user, code, { ...agreement, client: client.id, authTime: login.at });
  };
  await context.engine.transact(store, accountsOf({ user: login.user }), since);
  const answered = redirect(context, request, { code });
  return { ...answered, headers: { ...answered.headers, 'Set-Cookie': context.browsers.cookie(browser) } };
}

/** Redirects the browser with a response and its issuer (RFC 9207 §2). */
function redirect(
  { settings }: AuthorizeContext,
  { redirectUri, state }: Destination,
  answer: Record<string, string>,
): BrowserAnswer {
  const location = withAnswer(redirectUri, { ...answer, state, iss: settings.baseUrl });
  return sentOn(location);
}
