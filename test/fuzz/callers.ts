/** The callers: a Client without permissions, one that may read, and a Client and a User restricted to some rows. */
import { expect } from 'chai';
import type { Api, Form } from '../auth/http/api.ts';
import { JWKS, PASSING, placeOf } from './words.ts';

const SECRET = 'fuzz-secret-of-the-clients';
const PASSWORD = 'fuzz-password-of-the-user';
/** The address of the test's own requests, which no generated request uses. */
const HEADERS = { 'x-forwarded-for': '192.0.2.1' };

/** What no error message may contain. */
export const SECRETS = [SECRET, PASSWORD];

export class Callers {
  /** How many Sessions were granted to any caller. */
  granted = 0;
  readonly #api: Api;
  readonly #tokens = new Map<string, string>();
  readonly #basic = Buffer.from(`app:${SECRET}`).toString('base64');

  constructor(api: Api) {
    this.#api = api;
  }

  /** Stores the callers and their policies, and resources that they may not touch. */
  async settle(): Promise<void> {
    const { put } = this.#api;
    const own = { secret: SECRET, grant_types: ['client_credentials', 'basic'] };
    const jwt = { client_credentials: { token_format: 'jwt' } };
    for (const id of ['nothing', 'narrowed']) await put(`/Client/${id}`, own);
    await put('/Client/reader', { ...own, auth: jwt });
    const code = { redirect_uris: ['https://app.example/callback'] };
    const auth = { password: { refresh_token: true }, authorization_code: code };
    await put('/Client/app', { ...own, grant_types: ['password', 'client_credentials', 'authorization_code'], auth });
    await put('/Client/spa', { grant_types: ['password', 'authorization_code'], auth });
    await put('/Client/keyed', { grant_types: ['client_credentials'], jwks: JWKS });
    await put('/User/ann', { userName: 'ann', password: PASSWORD, data: { gender: 'female' } });
    await put('/Organization/a', { name: 'A' });
    await put('/Patient/m', { gender: 'male', managingOrganization: { reference: 'Organization/a' } });
    await put('/Patient/f', { gender: 'female', managingOrganization: { reference: 'Organization/a' } });
    const reads = { 'request-method': { $enum: ['get', 'head'] } };
    await put('/AccessPolicy/reads', { engine: 'matcho', matcho: reads, link: [{ reference: 'Client/reader' }] });
    const rows = { engine: 'criteria', resource: 'Patient' };
    await put('/AccessPolicy/rows', { ...rows, criteria: 'gender=female', link: [{ reference: 'Client/narrowed' }] });
    const own_rows = { ...rows, criteria: 'gender={{user.data.gender}}', link: [{ reference: 'User/ann' }] };
    await put('/AccessPolicy/own-rows', own_rows);
    await this.renew();
  }

  /** Gets new tokens for callers whose Session was ended. */
  async renew(): Promise<void> {
    for (const client of ['nothing', 'reader', 'narrowed']) {
      await this.#renew(client, { grant_type: 'client_credentials', client_id: client, client_secret: SECRET });
    }
    const person = { grant_type: 'password', client_id: 'spa', username: 'ann', password: PASSWORD };
    for (const caller of ['person', PASSING]) await this.#renew(caller, person);
  }

  /** Replaces the placeholders for tokens and secrets in a text. */
  fill(text: string): string {
    if (!text.includes('{{')) return text;
    let filled = text
      .replaceAll('{{basic}}', this.#basic)
      .replaceAll('{{secret}}', SECRET)
      .replaceAll('{{password}}', PASSWORD);
    for (const [caller, token] of this.#tokens) filled = filled.replaceAll(placeOf(caller), token);
    return filled;
  }

  /** Returns all tokens in use. */
  tokens(): string[] {
    return [...this.#tokens.values()];
  }

  async #renew(caller: string, form: Form): Promise<void> {
    const bearer = this.#tokens.get(caller);
    const known = bearer !== undefined && (await this.#api.statusWith(bearer, '/auth/userinfo')) === 200;
    if (known) return;
    const reply = await this.#api.token(form, { headers: HEADERS });
    expect(reply.status, reply.text).to.equal(200);
    this.#tokens.set(caller, reply.string('access_token'));
    if (reply.at('refresh_token') !== undefined) this.#tokens.set('refresh', reply.string('refresh_token'));
    this.granted += 1;
  }
}
