import type { PageAnswer } from '../../auth/pages/page.ts';
import type { Context } from '../context.ts';

/** The addresses whose answers are read by people, errors among them; by the names of their endpoints. */
export const PAGES = { authorize: '/auth/authorize', logout: '/auth/logout' } as const;

/** True for an address whose answers are read by people. */
export function isPage(path: string): boolean {
  return Object.values<string>(PAGES).includes(path);
}

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
