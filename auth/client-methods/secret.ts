import type { ClientMethod } from './method.ts';

/** Proves a client by its secret, however it was sent. */
export const bySecret: Pick<ClientMethod, 'prove' | 'recall'> = {
  prove: ({ accounts, address }, { id, secrets }, account) =>
    accounts.prove({ account, name: nameOf(id), credential: 'secret', secrets, address }),
  recall: ({ accounts, address }, { id, secrets }) => accounts.recall({ id, name: nameOf(id), secrets, address }),
};

function nameOf(id: string): string {
  return `Client/${id}`;
}
