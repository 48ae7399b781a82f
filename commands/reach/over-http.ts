import { setTimeout as wait } from 'node:timers/promises';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { Config } from '../../server/config.ts';
import { CommandError } from '../errors.ts';
import { type Answer, Asked, type Question } from './http.ts';
import { type Reach, Refusal } from './reach.ts';

const TRIES = 10;
const JSON_TYPE = 'application/fhir+json';
/** A valid type name. Files are named after it, and the server is not trusted. */
const TYPE = /^[A-Z][A-Za-z]*$/;

/** Returns the Authorization header for a running server. Throws a CommandError if the settings have no credentials. */
export function credentialsOf({ wardToken, rootClientId, rootClientSecret }: Config): string {
  if (wardToken !== undefined) return `Bearer ${wardToken}`;
  if (rootClientSecret !== undefined) {
    return `Basic ${Buffer.from(`${rootClientId}:${rootClientSecret}`).toString('base64')}`;
  }
  throw new CommandError(
    'Calling the running server needs credentials: set WARD_TOKEN to an access token or set ROOT_CLIENT_SECRET, ' +
      'or stop the server.',
  );
}

/** Accesses the data of a running server through its API. */
export function reachOverHttp(address: string, authorization: string): Reach {
  const base = address.replace(/\/+$/, '');
  const server = new Asked(base);
  const ask = async (path: string, question: Question = {}): Promise<JsonObject> => {
    const headers = { Authorization: authorization, Accept: JSON_TYPE, ...question.headers };
    return answerOf(await patiently(() => server.ask(path, { ...question, headers })));
  };
  return {
    name: base,
    // Twice a group of the write queue, so that the next group is complete when one commits.
    atOnce: 128,
    async put({ type, id, text }) {
      const headers = { 'Content-Type': JSON_TYPE, Prefer: 'return=minimal' };
      await ask(`/${encodeURIComponent(type)}/${encodeURIComponent(id)}`, { method: 'PUT', body: text, headers });
    },
    async types() {
      const [rest] = listOf(await ask('/metadata'), 'rest');
      const names = listOf(rest ?? {}, 'resource').map(({ type }) => String(type));
      if (names.every((name) => TYPE.test(name))) return names;
      throw new CommandError(`${base} lists a resource type with an invalid name; the command stops`);
    },
    async *pages(type) {
      let query: string | undefined = '?_count=1000';
      while (query !== undefined) {
        const bundle: JsonObject = await ask(`/${type}${query}`);
        const resources = listOf(bundle, 'entry').map(({ resource }) => resource);
        if (resources.length > 0) yield resources.map((resource) => renderJson(resource ?? null));
        const next = listOf(bundle, 'link').find(({ relation }) => relation === 'next');
        // The link has the server's public address, which may differ from the address used here.
        query = typeof next?.['url'] === 'string' ? new URL(next['url']).search : undefined;
      }
    },
    keys: async () => listOf(await ask('/auth/keys'), 'keys'),
    rotateKeys: (wish) => {
      const headers = { 'Content-Type': JSON_TYPE };
      return ask('/auth/keys', { method: 'POST', body: JSON.stringify(wish), headers });
    },
    close: async () => server.close(),
  };
}

/** Retries while the server responds that it is too busy. */
async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask();
    const isBusy = answer.status === 429 || answer.status === 503;
    if (!isBusy || attempt === TRIES) return answer;
    await wait(1000 * Math.max(1, answer.retryAfter));
  }
}

function answerOf({ status, text }: Answer): JsonObject {
  if (status === 401)
    throw new CommandError('The server refused the credentials: check WARD_TOKEN or ROOT_CLIENT_SECRET');
  if (status >= 500 || status === 429) throw new CommandError(`The server failed (${status})`);
  const value: Json = text === '' ? {} : readJson(text);
  const body = isObject(value) ? value : {};
  if (status >= 200 && status < 300) return body;
  const { error_description: description } = body;
  const told = listOf(body, 'issue').map(({ diagnostics }) => String(diagnostics));
  const reason = typeof description === 'string' ? description : told.join('; ');
  throw new Refusal(reason === '' ? `The server answered ${status}` : reason);
}

function listOf(value: JsonObject, name: string): JsonObject[] {
  const list = value[name];
  return Array.isArray(list) ? list.filter(isObject) : [];
}
