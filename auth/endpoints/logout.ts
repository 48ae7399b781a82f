/** Signs a browser out (https://openid.net/specs/openid-connect-rpinitiated-1_0.html). */
import type { Browsers } from '../authorization/browsers.ts';
import { seal, unseal } from '../authorization/form-seal.ts';
import type { Keys } from '../keys/keys.ts';
import { html } from '../pages/html.ts';
import { type Content, page } from '../pages/page.ts';
import { askedAgain, type BrowserEndpoint, pairsOf } from './browser-exchange.ts';
import { headerOf } from './exchange.ts';
import type { Pair } from './parameters.ts';

export interface LogoutContext {
  keys: Keys;
  browsers: Browsers;
}

/** The step that the page's form is sealed with, so that no form of another page is accepted. */
const STEP = 'sign-out';

/**
 * `GET /auth/logout` asks the person whether to sign out; `POST` of its form signs out. A `POST` by a client is
 * redirected to GET (§2). The person decides: an `id_token_hint` is ignored, and nobody is redirected back, because
 * Clients list no address for that (§3).
 */
export function logoutEndpoint({ keys, browsers }: LogoutContext): BrowserEndpoint {
  return async (request) => {
    const pairs = pairsOf(request);
    const browser = browsers.secretOf(headerOf(request, 'cookie'));
    if (request.method === 'POST') {
      if (!isOwnForm(keys, browser, pairs)) return askedAgain('logout', []);
      await browsers.signOut(browser);
      return page(DONE);
    }
    const login = await browsers.login(browser);
    return login
      ? page(
          question(
            seal(keys.derivation, browser, { step: STEP }),
            String(login.user.resource['userName'] ?? login.user.id),
          ),
        )
      : page(DONE);
  };
}

function isOwnForm(keys: Keys, browser: string, pairs: readonly Pair[]): boolean {
  const sealed = pairs.find(([name]) => name === 'interaction')?.[1] ?? '';
  return unseal(keys.derivation, browser, sealed)?.['step'] === STEP;
}

function question(sealed: string, name: string): Content {
  // A relative address: the page may be reached under another host name than BASE_URL.
  const body = html`<p>You are signed in as <strong>${name}</strong>.</p>
<form method="post" action="logout">
<input type="hidden" name="interaction" value="${sealed}">
<button class="first" name="answer" value="sign-out">Sign out</button>
</form>
<p>Apps that you have allowed stay signed in until you sign out of them, too.</p>`;
  return { title: 'Sign out?', body };
}

const DONE: Content = {
  title: 'You are signed out',
  body: html`<p>Nobody is signed in to this server in this browser. You can close this page.</p>`,
};
