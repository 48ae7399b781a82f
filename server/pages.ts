import type { PageAnswer } from '../auth/pages/page.ts';
import type { Context } from './context.ts';

/** The address whose answers are read by people, errors among them. */
export const AUTHORIZE = '/auth/authorize';

/** Sends a page, or where to go on. */
export function sendPage(
  ctx: Context,
  { status, headers, page }: Omit<PageAnswer, 'page'> & { page?: string | undefined },
): void {
  ctx.status = status;
  ctx.set(headers);
  ctx.set('Content-Type', 'text/html; charset=utf-8');
  ctx.body = page ?? '';
}
