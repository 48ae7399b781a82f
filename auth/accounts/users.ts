/** Authenticates people, at the token endpoint and on the sign-in page. */
import type { Engine } from '../../resources/engine.ts';
import { foldName } from '../../resources/storage/names.ts';
import type { Audit } from '../audit/audit.ts';
import { findStored, type Stored } from '../stored.ts';
import type { Accounts } from './accounts.ts';
import type { Caller } from './guessing.ts';

export interface SignIn extends Caller {
  /** A User's id, userName or email. */
  username: string;
  password: string;
  /** The id of the Client that the person signs in to. */
  client: string;
}

/**
 * Returns the User whose password was sent, or undefined. Unknown names take the same time as known ones. Both outcomes
 * are audited. Rejects with a `throttled` or `busy` Failure.
 */
export async function proveUser(
  { engine, accounts, audit }: { engine: Engine; accounts: Accounts; audit: Audit },
  { username, password, client, address, since }: SignIn,
): Promise<Stored | undefined> {
  const user = await findUser(engine, username);
  const name = user ? `User/${user.id}` : `login/${foldName(username)}`;
  const claim = { account: user, name, credential: 'password', secrets: [password], address, since } as const;
  const proven = await accounts.prove(claim);
  audit.note({ kind: 'login', outcome: proven ? '0' : '4', user: user?.id, client, address });
  return proven ? user : undefined;
}

/** Returns the User with this id, userName or email. They share one namespace, so at most one matches. */
async function findUser(engine: Engine, login: string): Promise<Stored | undefined> {
  const holder = await engine.holder('login', login);
  return holder?.type === 'User' ? findStored(engine, 'User', holder.id) : undefined;
}
