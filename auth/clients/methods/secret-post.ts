/** Client credentials in the request body (https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1). */
import type { ClientMethod } from './method.ts';
import { bySecret } from './secret.ts';

export const secretPost: ClientMethod = {
  name: 'client_secret_post',
  isUsed: ({ parameters }) => parameters.get('client_secret') !== undefined,
  read: ({ parameters }) => {
    const [id, secret] = [parameters.get('client_id'), parameters.get('client_secret')];
    return id === undefined || secret === undefined ? undefined : { id, secrets: [secret] };
  },
  ...bySecret,
};
