import type Router from '@koa/router';
import { renderJson } from '../../resources/json/render.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { wanted } from '../answer.ts';
import type { AppOptions } from '../app.ts';
import type { RequestState } from '../context.ts';
import type { Answer } from '../formats/negotiate.ts';
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
    ctx.body = metadata(ctx.state.base, answer);
  });
  router.get('/openapi.json', (ctx) => {
    ctx.set('Content-Type', 'application/json; charset=utf-8');
    ctx.body = api(ctx.state.base, { format: 'json', pretty: false, render: renderJson });
  });
}

/**
 * A document as bytes, made once for each base and each way to write it. Anyone may ask for it, and it is large: text
 * would be encoded for each, and the copy held until it is read.
 */
function remembered(describe: (base: string) => JsonObject): (base: string, answer: Written) => Buffer {
  const documents = new Map<string, Buffer>();
  return (base, { format, pretty, render }) => {
    const key = `${format} ${pretty} ${base}`;
    const bytes = documents.get(key) ?? Buffer.from(render(describe(base)));
    documents.set(key, bytes);
    return bytes;
  };
}
