/** What must hold for every response, whatever the request. */
import { expect } from 'chai';
import { load } from 'js-yaml';
import type { FuzzRequest } from './requests.ts';
import type { RawReply } from './wire.ts';

/** What reveals the implementation: a stack trace, a file name, SQL or a driver's message. */
const INSIDE = /\n\s+at \S+ \(|node:internal|node_modules|\.ts:\d|\.js:\d|SQLITE_|SELECT .+ FROM (resource|credential)/;
/** Pages for people. */
const PAGES = ['/auth/authorize', '/auth/logout'];

/** Returns the path as the server routes it: without the query and the `/fhir` prefix. */
export function pathOf(target: string): string {
  const path = target.split('?', 1)[0] ?? '';
  return path.startsWith('/fhir/') ? path.slice('/fhir'.length) : path;
}

/**
 * Fails if a response is a server error, an error in the wrong format, or reveals a secret. A response without
 * `X-Request-Id` comes from the HTTP parser, which has no error format.
 */
export function check(request: FuzzRequest, reply: RawReply, secrets: readonly string[]): void {
  expect(reply.status, 'status').to.be.within(200, 499);
  if (reply.status < 400) return;
  for (const secret of secrets) expect(reply.text.includes(secret), 'a secret is told').to.equal(false);
  expect(reply.text).to.not.match(INSIDE);
  if (request.method === 'HEAD' || !reply.headers.has('x-request-id')) return;
  const type = reply.headers.get('content-type') ?? '';
  const path = pathOf(request.target);
  if (PAGES.includes(path)) {
    expect(type).to.match(/^text\/html/);
    expect(reply.text).to.match(/^<!doctype html>/i);
    return;
  }
  const body: unknown = /yaml/.test(type) ? load(reply.text) : JSON.parse(reply.text);
  if (path.startsWith('/auth/')) expect(body).to.include.all.keys('error', 'error_description');
  else expect(body).to.include({ resourceType: 'OperationOutcome' });
}
