import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type Router from '@koa/router';
import { renderJson } from '../../resources/json/render.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { AppOptions } from '../app.ts';
import type { Context, RequestState } from '../context.ts';
import type { Answer } from '../formats/negotiate.ts';
import { wanted } from '../http/answer.ts';
import { capabilityStatement } from './capability.ts';
import { openApi } from './openapi.ts';

type Written = Pick<Answer, 'format' | 'pretty' | 'render'>;

/** Mounts the public descriptions of the server: `/metadata` and `/openapi.json`. */
export function mountDescriptions(router: Router<RequestState>, { registry, config, clock }: AppOptions): void {
  const started = clock();
  const metadata = remembered((base) => capabilityStatement(registry, config, base, started));
  const api = remembered((base) => openApi(registry, base, config.baseUrl));
  router.get('/metadata', (ctx) => {
    const answer = wanted(ctx);
    ctx.set('Content-Type', answer.contentType);
    return send(ctx, metadata(ctx.state.base, answer));
  });
  router.get('/openapi.json', (ctx) => {
    ctx.set('Content-Type', 'application/json; charset=utf-8');
    return send(ctx, api(ctx.state.base, { format: 'json', pretty: false, render: renderJson }));
  });
}

/** A rendered document. */
interface Document {
  bytes: Buffer;
  /** Its gzipped bytes, once a client has asked for them. */
  gzipped?: Promise<Buffer>;
}

/**
 * Caches a document as bytes, for each base and format. It is public and large: as text it would be encoded for each
 * request, and each copy held until it is read.
 */
function remembered(describe: (base: string) => JsonObject): (base: string, answer: Written) => Document {
  const documents = new Map<string, Document>();
  return (base, { format, pretty, render }) => {
    const key = `${format} ${pretty} ${base}`;
    const document = documents.get(key) ?? { bytes: Buffer.from(render(describe(base))) };
    documents.set(key, document);
    return document;
  };
}

const compress = promisify(gzip);

/** Sends a document, gzipped if the client accepts that (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3). */
async function send(ctx: Context, document: Document): Promise<void> {
  ctx.vary('Accept-Encoding');
  if (ctx.acceptsEncodings('gzip', 'identity') === 'gzip') {
    document.gzipped ??= compress(document.bytes);
    ctx.body = await document.gzipped;
    ctx.set('Content-Encoding', 'gzip');
  } else {
    ctx.body = document.bytes;
  }
}
