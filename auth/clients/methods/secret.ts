import type { ClientMethod } from './method.ts';

/** Authenticates a client by its secret, however it was sent. */
export const bySecret: Pick<ClientMethod, 'prove' | 'recall'> = {
  prove: ({ accounts, caller: { address, since } }, { id, secrets }, account) =>
    accounts.prove({ account, name: nameOf(id), credential: 'secret', secrets, address, since }),
  recall: ({ accounts, caller: { address } }, { id, secrets }) =>
    accounts.recall({ id, name: nameOf(id), secrets, address }),
};

function nameOf(id: string): string {
  return `Client/${id}`;
}
