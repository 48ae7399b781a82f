import type { Reply } from '../../harness/http.ts';
import { type Api, type Form, startApi } from './api.ts';

export const SECRET = 'app-secret';

/** A server with a Client `app` that may do all, and a Client `jwt` whose tokens are JWTs. */
export async function startWithClients(): Promise<Api> {
  const api = await startApi();
  const grants = { grant_types: ['client_credentials'], secret: SECRET };
  await api.put('/Client/app', grants);
  await api.put('/Client/jwt', { ...grants, auth: { client_credentials: { token_format: 'jwt' } } });
  await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'Client/app' }] });
  return api;
}

/** What a Client of them is granted by its secret. */
export function granted(api: Api, id: string, more: Form = {}): Promise<Reply> {
  return api.granted({ grant_type: 'client_credentials', client_id: id, client_secret: SECRET, ...more });
}

/** A read with an Authorization header, or without. */
export function get(api: Api, path: string, authorization?: string): Promise<Reply> {
  return api.request('GET', path, authorization === undefined ? {} : { headers: { authorization } });
}

/** The status of an answer and what it challenges its caller to. */
export function challenge(reply: Reply): string {
  return `${reply.status} ${reply.header('www-authenticate')}`;
}
