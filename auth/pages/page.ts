/** The frame of every page for people, with the headers that protect it (RFC 9700 §4.16, CSP level 3). */
import { hash } from 'node:crypto';
import { NO_STORE, type OAuthError } from '../errors.ts';
import { Html, html } from './html.ts';

/** A page for the HTTP layer to send. */
export interface PageAnswer {
  status: number;
  headers: Record<string, string>;
  page: string;
}

/** The content of a page. */
export interface Content {
  /** The heading, and the title in the browser. */
  title: string;
  body: Html;
  /** What was wrong with the previous input. Shown first, and announced by screen readers. */
  problem?: string | undefined;
}

// Text colours with a contrast of at least 4.5, light and dark (WCAG 2.2 §1.4.3).
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --soft: #5a5a63; --line: #8a8a94; --act: #0b57b8;
  --on-act: #ffffff; --bad: #a3120a }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #17171a; --soft: #b4b4be; --line: #7d7d88;
  --act: #8ab8ff; --on-act: #10213a; --bad: #ffa49c } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 28rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25 }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600 }
input { width: 100%; padding: .6rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .4rem }
button { display: block; width: 100%; min-height: 2.75rem; margin: 1rem 0 0; padding: .6rem; font: inherit;
  font-weight: 600; color: var(--act); background: transparent; border: 1px solid var(--act); border-radius: .4rem;
  text-align: start }
button.first { color: var(--on-act); background: var(--act); text-align: center }
button.other { text-align: center }
a { color: var(--act); font-weight: 600 }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
ul { padding-inline-start: 1.25rem }
small { color: var(--soft) }
[role=alert] { padding: .75rem; border: 2px solid var(--bad); border-radius: .4rem; color: var(--bad) }
`;

const STYLE_HASH = hash('sha256', STYLE, 'base64');

/** 200, or 403 with a problem: the previous input gave no access. */
const STATUS = { shown: 200, problem: 403 } as const;

/**
 * Returns a page whose form is sent to this server. `destination` is where that may redirect to: browsers apply
 * `form-action` to redirects after a form, too.
 */
export function page(content: Content, destination?: string): PageAnswer {
  const status = content.problem === undefined ? STATUS.shown : STATUS.problem;
  return { status, headers: headersFor(destination), page: document(content) };
}

/** Returns the page for a request that cannot continue and has no app to redirect to. */
export function errorPage(error: OAuthError): PageAnswer {
  const { status, headers } = error.answer;
  const first = error.retryAfter === undefined ? 'Go' : `Wait ${waitOf(error.retryAfter)}, then go`;
  const body = html`<p>${first} back to the app that sent you here, and try again there.</p>`;
  const content = { title: 'Cannot continue', body, problem: error.message };
  return { status, headers: { ...headersFor(undefined), ...headers }, page: document(content) };
}

/** Returns seconds as words, rounded up. */
function waitOf(seconds: number): string {
  if (seconds <= 5) return 'a moment';
  const minutes = Math.ceil(seconds / 60);
  if (minutes <= 90) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return `${Math.ceil(minutes / 60)} hours`;
}

/** Returns the page for a request that cannot continue, with a link that reports the error to the app. */
export function leavePage(error: OAuthError, location: string, redirectUri: string): PageAnswer {
  const { status, headers } = error.answer;
  const body = html`<p><strong>${placeOf(redirectUri)}</strong> sent you here. Continue only if you know it.</p>
<p><a href="${location}" rel="noreferrer">Continue</a></p>`;
  const content = { title: 'Cannot continue', body, problem: error.message };
  return { status, headers: { ...headersFor(undefined), ...headers }, page: document(content) };
}

/** Returns what a person can recognise of a redirect URI: its host, or the scheme of an app. */
export function placeOf(uri: string): string {
  const { host, protocol } = new URL(uri);
  return /^https?:$/.test(protocol) ? host : protocol.slice(0, -1);
}

function headersFor(destination: string | undefined): Record<string, string> {
  const policy = [
    `default-src 'none'`,
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action 'self'${destination === undefined ? '' : ` ${sourceOf(destination)}`}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ];
  return { ...NO_STORE, 'Content-Security-Policy': policy.join('; '), 'X-Frame-Options': 'DENY' };
}

/** Returns a redirect URI as a CSP source: its origin; the scheme for apps, and for IPv6, which CSP cannot express. */
function sourceOf(uri: string): string {
  const { protocol, origin, hostname } = new URL(uri);
  return origin === 'null' || hostname.startsWith('[') ? protocol : origin;
}

function document({ title, body, problem }: Content): string {
  const alert = problem === undefined ? undefined : html`<p role="alert" id="problem">${problem}</p>`;
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${problem === undefined ? '' : 'Error: '}${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${alert}
${body}
</main>
</body>
</html>
`;
  return text;
}
