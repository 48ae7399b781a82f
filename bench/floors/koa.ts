/** The floor of a read: koa and its router, which send the same bytes and do nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';

export interface KoaFloor {
  /** The router's path (`/Patient/:id`). */
  path: string;
  contentType: string;
  /** The body of every response. */
  body: string;
}

/** Serves the bytes on a free port and returns the URL. */
export async function serveBytes({ path, contentType, body }: KoaFloor): Promise<{ url: string }> {
  const app = new Koa();
  const router = new Router();
  router.get(path, (ctx) => {
    ctx.set('content-type', contentType);
    ctx.body = body;
  });
  app.use(router.routes());
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
