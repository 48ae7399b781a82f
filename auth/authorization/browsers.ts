/**
 * What a browser is known by: one opaque cookie. It binds the forms that the browser was shown, and once somebody signs
 * in, a new one stands for the login (RFC 6265bis, https://www.rfc-editor.org/rfc/rfc9700#section-4.16).
 */
import type { Clock, RandomBytes } from '../../resources/clock.ts';
import type { Engine, Transaction, Work } from '../../resources/engine.ts';
import { OAuthError } from '../errors.ts';
import { accountsOf, requireUnchanged } from '../sessions/sessions.ts';
import { findStored, isUsable, type Stored } from '../stored.ts';
import { digest } from '../tokens/mint.ts';
import { CODE } from './codes.ts';

/** Somebody who is signed in. */
export interface Login {
  user: Stored;
  /** When the password was given, in milliseconds since the epoch. */
  at: number;
}

export interface Browsers {
  /** The secret of the cookie that a browser sent, or a new one that is nobody's. */
  secretOf(cookies: string | undefined): string;
  /** True for a browser that sent a cookie which may be one of ours. */
  isKnown(cookies: string | undefined): boolean;
  /** The header that gives a browser its cookie, until it is closed. */
  cookie(secret: string): string;
  /** Who is signed in; undefined for nobody, and for a login that is over. */
  login(secret: string): Promise<Login | undefined>;
  /**
   * Signs somebody in under a new secret, and whoever was signed in before out.
   * Throws `access_denied` where the User has changed meanwhile.
   * @param since since when the request waits, in milliseconds of the process
   */
  signIn(user: Stored, previous: string, since: number): Promise<{ secret: string; login: Login }>;
  /** Throws `access_denied`, inside a job, where whoever was signed in has been signed out. */
  requireSignedIn(transaction: Transaction, secret: string): Promise<void>;
  /** Signs out whoever is signed in; codes of that User that were not used yet are nothing any more. */
  signOut(secret: string): Promise<void>;
}

/** The name of a login among the credentials of its User: they end with the User and with its password. */
export const LOGIN = 'login';
/** Milliseconds after which a password has to be given again. */
const LONGEST_LOGIN = 8 * 3600_000;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Keeps the logins of browsers, of each the hash of its cookie. */
export function createBrowsers(options: {
  engine: Engine;
  baseUrl: string;
  clock: Clock;
  random: RandomBytes;
}): Browsers {
  const { engine, baseUrl, clock, random } = options;
  const secure = baseUrl.startsWith('https:');
  // With this prefix a browser takes the cookie from this very host alone, and only over https.
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
      throw new OAuthError('access_denied', 'The person was signed out meanwhile.');
    },
    async signOut(secret) {
      const held = await engine.credentials.find(loginHash(secret));
      if (held?.name !== LOGIN) return;
      const { type, id } = held;
      const end: Work<void> = async (transaction) => {
        // Whoever is given a code at this moment, by another node too, has it before this, or is signed out already.
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
