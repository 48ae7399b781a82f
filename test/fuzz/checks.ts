/** What has to be true of every answer, whatever was asked. */
import { expect } from 'chai';
import { load } from 'js-yaml';
import type { FuzzRequest } from './requests.ts';
import type { RawReply } from './wire.ts';

/** What betrays how the server is made: a stack, a file of its own, a statement or the words of a driver. */
const INSIDE = /\n\s+at \S+ \(|node:internal|node_modules|\.ts:\d|\.js:\d|SQLITE_|SELECT .+ FROM (resource|credential)/;
/** What people read. */
const PAGES = ['/auth/authorize', '/auth/logout'];

/** The path as the server cuts it: without the query and the twin of the root. */
export function pathOf(target: string): string {
  const path = target.split('?', 1)[0] ?? '';
  return path.startsWith('/fhir/') ? path.slice('/fhir'.length) : path;
}

/**
 * Fails where an answer is a fault of the server, where an error is not of its family, or where it tells a secret. An
 * answer without `X-Request-Id` comes from the parser of HTTP, which knows no families.
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
