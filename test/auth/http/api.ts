/** The server as the suites of the auth module speak to it. */
import { expect } from 'chai';
import type { Reply, RequestOptions } from '../../harness/http.ts';
import { type ClockedServer, startClockedServer, type Turned } from '../../harness/in-process.ts';
import { asRoot } from '../../harness/server.ts';

export type Form = Record<string, string>;

export interface Api extends ClockedServer {
  /** The issuer of its tokens. */
  issuer: string;
  /** Stores a resource as the root client; fails the test where it is refused. */
  put(address: string, json: object): Promise<Reply>;
  /** Deletes a resource as the root client. */
  remove(address: string): Promise<void>;
  /** Asks the token endpoint. */
  token(form: Form | string, options?: RequestOptions): Promise<Reply>;
  /** As `token`, and fails the test where it is refused. */
  granted(form: Form | string, options?: RequestOptions): Promise<Reply>;
  /** The status of `GET path` with an access token. */
  statusWith(bearer: string, path?: string): Promise<number>;
  /** Searches as the root client: the resources found. */
  found(query: string): Promise<Record<string, unknown>[]>;
  /** Fails the test where something that a search finds is not valid: nobody asks that of what the server makes. */
  expectValid(query: string): Promise<void>;
}

/** A server on an empty database, whose clock the test turns. It signs by ES256, whose keys are made at once. */
export async function startApi(env: Record<string, string> = {}, time?: () => number, turned?: Turned): Promise<Api> {
  const server = await startClockedServer(env, undefined, time, turned);
  return apiOf(server, server.baseUrl);
}

/** Wraps a running server. */
export function apiOf<Server extends Pick<ClockedServer, 'request'>>(
  server: Server,
  issuer: string,
): Server & Omit<Api, keyof ClockedServer> {
  const token: Api['token'] = (form, options) => server.request('POST', '/auth/token', { form, ...options });
  const found: Api['found'] = async (query) => {
    const reply = await server.request('GET', query, { as: asRoot });
    expect(reply.status, reply.text).to.equal(200);
    return reply.list('entry').map((entry) => (entry as { resource: Record<string, unknown> }).resource);
  };
  return {
    ...server,
    issuer,
    token,
    put: async (address, json) => {
      const reply = await server.request('PUT', address, { as: asRoot, json });
      expect(reply.status, reply.text).to.be.oneOf([200, 201]);
      return reply;
    },
    remove: async (address) => {
      expect((await server.request('DELETE', address, { as: asRoot })).status).to.equal(204);
    },
    granted: async (form, options) => {
      const reply = await token(form, options);
      expect(reply.status, reply.text).to.equal(200);
      return reply;
    },
    statusWith: async (bearer, path = '/Patient') => (await server.request('GET', path, { as: { bearer } })).status,
    found,
    expectValid: async (query) => {
      const all = await found(query);
      expect(all).to.not.have.length(0);
      for (const json of all) {
        const reply = await server.request('POST', '/$validate', { as: asRoot, json });
        const errors = reply.list('issue').filter((issue) => (issue as { severity: string }).severity === 'error');
        expect(errors, `${JSON.stringify(json)} ${reply.text}`).to.eql([]);
      }
    },
  };
}

/** Status and error of an answer of an OAuth endpoint, as the tables of the suites write them. */
export function refusal(reply: Reply): string {
  return `${reply.status} ${String(reply.at('error'))}`;
}

/** Fails the test where an answer is not the error that is expected, as RFC 6749 §5.2 has errors told. */
export function expectOAuthError(reply: Reply, expected: string): void {
  expect(refusal(reply), reply.text).to.equal(expected);
  expect(reply.string('error_description')).to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(Object.keys(reply.body as object).sort()).to.eql(['error', 'error_description']);
  expect(reply.header('cache-control')).to.equal('no-store');
  expect(reply.header('pragma')).to.equal('no-cache');
  expect(reply.header('content-type')).to.match(/^application\/json/);
  expect(reply.header('www-authenticate')).to.match(reply.status === 401 ? /^Basic realm="ward"/ : /^$/);
}
