/** People who sign in, at the token endpoint and on the page for it. */
import type { Engine } from '../resources/engine.ts';
import { foldName } from '../resources/names.ts';
import type { Accounts } from './accounts.ts';
import { findStored, type Stored } from './stored.ts';

export interface SignIn {
  /** A User's id, userName or email. */
  username: string;
  password: string;
  /** The caller's IP address. */
  address: string;
}

/**
 * The User whom a password proves, or undefined; unknown names cost what known ones do.
 * Rejects with a `throttled` or `busy` Failure.
 */
export async function proveUser(
  { engine, accounts }: { engine: Engine; accounts: Accounts },
  { username, password, address }: SignIn,
): Promise<Stored | undefined> {
  const user = await findUser(engine, username);
  const name = user ? `User/${user.id}` : `login/${foldName(username)}`;
  const claim = { account: user, name, credential: 'password', secrets: [password], address } as const;
  return (await accounts.prove(claim)) ? user : undefined;
}

/** The User with this id, userName or email: the three share one namespace, so at most one has it. */
async function findUser(engine: Engine, login: string): Promise<Stored | undefined> {
  const holder = await engine.holder('login', login);
  return holder?.type === 'User' ? findStored(engine, 'User', holder.id) : undefined;
}
