import type { PageAnswer } from '../../auth/pages/page.ts';
import type { Context } from '../context.ts';

/** The paths of HTML pages for people, whose errors are pages too; by endpoint name. */
export const PAGES = { authorize: '/auth/authorize', logout: '/auth/logout' } as const;

/** Returns true for the path of a page. */
export function isPage(path: string): boolean {
  return Object.values<string>(PAGES).includes(path);
}

/** Sends a page or a redirect. */
export function sendPage(
  ctx: Context,
  { status, headers, page }: Omit<PageAnswer, 'page'> & { page?: string | undefined },
): void {
  ctx.status = status;
  ctx.set(headers);
  ctx.set('Content-Type', 'text/html; charset=utf-8');
  ctx.body = page ?? '';
}
