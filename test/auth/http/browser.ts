/** A browser as the suites use one: it keeps cookies, reads the forms of pages, and follows nothing by itself. */
import { createHash } from 'node:crypto';
import type { Reply } from '../../harness/http.ts';
import type { Api } from './api.ts';

/** A verifier and its challenge (RFC 7636 appendix B). */
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

export type Query = Record<string, string>;

export interface Browser {
  /** The cookies that it keeps, by their names. */
  cookies: Map<string, string>;
  /** Opens the authorization endpoint. */
  open(query: Query | string): Promise<Reply>;
  /** Opens an address of the server. */
  get(path: string): Promise<Reply>;
  /** Sends the form of a page with what a person enters. */
  send(page: Reply, fields: Query): Promise<Reply>;
  /** Signs in on the page for it. */
  signIn(page: Reply, username?: string, password?: string): Promise<Reply>;
  /** Goes all the way: signs in and allows where it is asked. */
  authorize(query: Query | string, username?: string): Promise<Reply>;
}

export function browserOf(api: Pick<Api, 'request'>): Browser {
  const cookies = new Map<string, string>();
  const exchange = async (method: string, path: string, form?: Query) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = cookie === '' ? {} : { cookie };
    const reply = await api.request(method, path, { headers, ...(form === undefined ? {} : { form }) });
    for (const line of reply.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';', 1);
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return reply;
  };
  const browser: Browser = {
    cookies,
    open: (query) => exchange('GET', `/auth/authorize?${new URLSearchParams(query).toString()}`),
    get: (path) => exchange('GET', path),
    send: (page, fields) => exchange('POST', '/auth/authorize', { interaction: sealedIn(page), ...fields }),
    signIn: (page, username = 'ann', password = 'correct-horse') => {
      return browser.send(page, { username, password, answer: 'sign-in' });
    },
    authorize: async (query, username) => {
      let reply = await browser.open(query);
      if (reply.text.includes('name="password"')) reply = await browser.signIn(reply, username);
      if (reply.text.includes('value="allow"')) reply = await browser.send(reply, { answer: 'allow' });
      return reply;
    },
  };
  return browser;
}

/** What the form of a page carries. */
export function sealedIn(page: Reply): string {
  return /name="interaction" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
}

/** The answer that a browser is sent back with, or would be by the link of a page. */
export function answerIn(reply: Reply): Query {
  const location = reply.status === 303 ? reply.header('location') : linkIn(reply);
  return Object.fromEntries(new URL(location).searchParams);
}

/** Where the link of a page leads; empty where there is none. */
export function linkIn(page: Reply): string {
  return (/<a href="([^"]+)"/.exec(page.text)?.[1] ?? '').replaceAll('&amp;', '&').replaceAll('&#39;', "'");
}

/** The code that a browser is sent back with; throws with the whole answer where there is none. */
export function codeIn(reply: Reply): string {
  const { code } = reply.status === 303 ? answerIn(reply) : {};
  if (code === undefined) throw new Error(`no code in ${reply.status} ${reply.header('location')} ${reply.text}`);
  return code;
}
