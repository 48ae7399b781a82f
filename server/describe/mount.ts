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

/** Mounts what the server tells of itself to anyone: `/metadata` and `/openapi.json`. */
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

/** A document as it is sent. */
interface Document {
  bytes: Buffer;
  /** The same by gzip, once somebody has asked for that. */
  gzipped?: Promise<Buffer>;
}

/**
 * A document as bytes, made once for each base and each way to write it. Anyone may ask for it, and it is large: text
 * would be encoded for each, and the copy held until it is read.
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

/** Sends a document, compressed to whoever takes that (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3). */
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
