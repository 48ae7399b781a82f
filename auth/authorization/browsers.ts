/**
 * Identifies a browser by one opaque cookie. The forms shown to a browser are bound to its cookie. A sign-in sets a new
 * cookie, which then stands for the login (RFC 6265bis, https://www.rfc-editor.org/rfc/rfc9700#section-4.16).
 */
import type { Clock, RandomBytes } from '../../resources/clock.ts';
import type { Engine, Transaction, Work } from '../../resources/engine.ts';
import { OAuthError } from '../errors.ts';
import { accountsOf, requireUnchanged } from '../sessions/sessions.ts';
import { findStored, isUsable, type Stored } from '../stored.ts';
import { digest } from '../tokens/mint.ts';
import { CODE } from './codes.ts';

/** A person who is signed in. */
export interface Login {
  user: Stored;
  /** When the password was entered, in milliseconds since the epoch. */
  at: number;
}

export interface Browsers {
  /** Returns the secret in the browser's cookie, or a new one that belongs to no login. */
  secretOf(cookies: string | undefined): string;
  /** Returns true if the browser sent a cookie that this server may have set. */
  isKnown(cookies: string | undefined): boolean;
  /** Returns the `Set-Cookie` value of a session cookie with this secret. */
  cookie(secret: string): string;
  /** Returns who is signed in; undefined for nobody and for an expired login. */
  login(secret: string): Promise<Login | undefined>;
  /**
   * Signs a User in under a new secret, and ends the previous login. Throws `access_denied` if the User has changed in
   * the meantime.
   * @param since when the request began to wait, in milliseconds of the process's monotonic clock
   */
  signIn(user: Stored, previous: string, since: number): Promise<{ secret: string; login: Login }>;
  /** Throws `access_denied`, inside a job, if the person has been signed out. */
  requireSignedIn(transaction: Transaction, secret: string): Promise<void>;
  /** Signs out whoever is signed in, and revokes the unused codes of that User. */
  signOut(secret: string): Promise<void>;
}

/** The name of a login among its User's credentials. Logins end with the User, and when the password changes. */
export const LOGIN = 'login';
/** Milliseconds after which the password must be entered again. */
const LONGEST_LOGIN = 8 * 3600_000;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Creates the logins of browsers. Of each cookie, only a hash is stored. */
export function createBrowsers(options: {
  engine: Engine;
  baseUrl: string;
  clock: Clock;
  random: RandomBytes;
}): Browsers {
  const { engine, baseUrl, clock, random } = options;
  const secure = baseUrl.startsWith('https:');
  // With this prefix, browsers accept the cookie only from this exact host and over https.
  const name = secure ? '__Host-ward' : 'ward';

  function sentSecret(cookies: string | undefined): string | undefined {
    const sent = (cookies ?? '').split(/; */).find((each) => each.startsWith(`${name}=`));
    const secret = sent?.slice(name.length + 1) ?? '';
    return SECRET.test(secret) ? secret : undefined;
  }

  return {
    secretOf: (cookies) => sentSecret(cookies) ?? random(32).toString('base64url'),
    isKnown: (cookies) => sentSecret(cookies) !== undefined,
    cookie: (secret) => `${name}=${secret}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
    async login(secret) {
      const held = await engine.credentials.find(loginHash(secret));
      const at = held?.detail?.['at'];
      if (held?.name !== LOGIN || typeof at !== 'number' || at + LONGEST_LOGIN <= clock()) return undefined;
      const user = await findStored(engine, 'User', held.id);
      return user && isUsable(user.resource) ? { user, at } : undefined;
    },
    async signIn(user, previous, since) {
      const secret = random(32).toString('base64url');
      const note: Work<number> = async (transaction) => {
        await requireUnchanged(transaction, 'User', user, 'access_denied');
        await transaction.credentials.take(loginHash(previous));
        await forgetOld(transaction, user);
        const detail = { at: transaction.now };
        await transaction.credentials.insert({ key: user.key, name: LOGIN, hash: loginHash(secret), detail });
        return transaction.now;
      };
      return { secret, login: { user, at: await engine.transact(note, accountsOf({ user }), since) } };
    },
    async requireSignedIn({ credentials }, secret) {
      if ((await credentials.find(loginHash(secret)))?.name === LOGIN) return;
      throw new OAuthError('access_denied', 'The person was signed out in the meantime.');
    },
    async signOut(secret) {
      const held = await engine.credentials.find(loginHash(secret));
      if (held?.name !== LOGIN) return;
      const { type, id } = held;
      const end: Work<void> = async (transaction) => {
        // Locks the User: a code that is issued concurrently, on any node, is either stored before this and removed, or
        // refused.
        await transaction.current(type, id);
        const login = await transaction.credentials.take(loginHash(secret));
        if (login) await transaction.credentials.remove(login.key, CODE);
      };
      await engine.transact(end, [{ type, id }]);
    },
  };
}

function loginHash(secret: string): string {
  return digest(`login:${secret}`);
}

async function forgetOld({ credentials, now }: Transaction, { key }: Stored): Promise<void> {
  for (const { hash, detail } of await credentials.of(key, LOGIN)) {
    if (Number(detail?.['at']) + LONGEST_LOGIN <= now) await credentials.take(hash);
  }
}
