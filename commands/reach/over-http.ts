import { setTimeout as wait } from 'node:timers/promises';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { Config } from '../../server/config.ts';
import { CommandError } from '../errors.ts';
import { type Reach, Refusal } from './reach.ts';

const TRIES = 10;
const JSON_TYPE = 'application/fhir+json';
/** What a type may be called. Files are named by it, and a server that is asked may be anybody's. */
const TYPE = /^[A-Z][A-Za-z]*$/;

/** What a running server is shown. Throws a CommandError where the settings have nothing. */
export function credentialsOf({ wardToken, rootClientId, rootClientSecret }: Config): string {
  if (wardToken !== undefined) return `Bearer ${wardToken}`;
  if (rootClientSecret !== undefined) {
    return `Basic ${Buffer.from(`${rootClientId}:${rootClientSecret}`).toString('base64')}`;
  }
  throw new CommandError(
    'A running server has to be asked, and there is nothing to show it: ' +
      'set WARD_TOKEN to an access token, or ROOT_CLIENT_SECRET, or stop the server.',
  );
}

/** What a running server has stored, as its API gives and takes it. */
export function reachOverHttp(address: string, authorization: string): Reach {
  const base = address.replace(/\/+$/, '');
  const ask = async (path: string, options: RequestInit = {}): Promise<JsonObject> => {
    const headers = { Authorization: authorization, Accept: JSON_TYPE, ...options.headers };
    return answerOf(await patiently(base, () => fetch(base + path, { ...options, headers })));
  };
  return {
    name: base,
    // Twice what a group of the write queue takes, so that the next group is ready when one commits.
    atOnce: 128,
    async put({ type, id, text }) {
      const headers = { 'Content-Type': JSON_TYPE, Prefer: 'return=minimal' };
      await ask(`/${encodeURIComponent(type)}/${encodeURIComponent(id)}`, { method: 'PUT', body: text, headers });
    },
    async types() {
      const [rest] = listOf(await ask('/metadata'), 'rest');
      const names = listOf(rest ?? {}, 'resource').map(({ type }) => String(type));
      if (names.every((name) => TYPE.test(name))) return names;
      throw new CommandError(`${base} names a type that none is called, and is not asked any further`);
    },
    async *pages(type) {
      let query: string | undefined = '?_count=1000';
      while (query !== undefined) {
        const bundle: JsonObject = await ask(`/${type}${query}`);
        const resources = listOf(bundle, 'entry').map(({ resource }) => resource);
        if (resources.length > 0) yield resources.map((resource) => renderJson(resource ?? null));
        const next = listOf(bundle, 'link').find(({ relation }) => relation === 'next');
        // The link has the server's public address, which need not be the one that is asked here.
        query = typeof next?.['url'] === 'string' ? new URL(next['url']).search : undefined;
      }
    },
    keys: async () => listOf(await ask('/auth/keys'), 'keys'),
    rotateKeys: (wish) => {
      const headers = { 'Content-Type': JSON_TYPE };
      return ask('/auth/keys', { method: 'POST', body: JSON.stringify(wish), headers });
    },
    close: async () => undefined,
  };
}

/** Sends a request again where the server says that it has too much to do. */
async function patiently(base: string, send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await send().catch((error: unknown) => {
      throw new CommandError(`${base} does not answer: ${networkReason(error)}`, { cause: error });
    });
    const isBusy = response.status === 429 || response.status === 503;
    if (!isBusy || attempt === TRIES) return response;
    await response.arrayBuffer();
    await wait(1000 * Math.max(1, Number(response.headers.get('Retry-After')) || 1));
  }
}

/** What the network says, which `fetch` tells as a cause. */
function networkReason(error: unknown): string {
  const { cause, message } = error as { cause?: { message?: string; code?: string }; message: string };
  return cause?.message || cause?.code || message;
}

async function answerOf(response: Response): Promise<JsonObject> {
  const text = await response.text();
  if (response.status === 401) throw new CommandError('The server refuses the credentials: see WARD_TOKEN');
  if (response.status >= 500 || response.status === 429)
    throw new CommandError(`The server failed (${response.status})`);
  const value: Json = text === '' ? {} : readJson(text);
  const body = isObject(value) ? value : {};
  if (response.ok) return body;
  const { error_description: description } = body;
  const told = listOf(body, 'issue').map(({ diagnostics }) => String(diagnostics));
  const reason = typeof description === 'string' ? description : told.join('; ');
  throw new Refusal(reason === '' ? `The server answered ${response.status}` : reason);
}

function listOf(value: JsonObject, name: string): JsonObject[] {
  const list = value[name];
  return Array.isArray(list) ? list.filter(isObject) : [];
}
