import type { ClientMethod } from './method.ts';

/** Proves a client by its secret, however it was sent. */
export const proveSecret: ClientMethod['prove'] = ({ accounts, address }, { id, secrets }, account) =>
  accounts.prove({ account, name: `Client/${id}`, credential: 'secret', secrets, address });
