/** Authenticates the person (https://openid.net/specs/openid-connect-core-1_0.html#Authenticates). */

import { proveUser } from '../../accounts/users.ts';
import { Parameters } from '../../endpoints/parameters.ts';
import { OAuthError } from '../../errors.ts';
import { html } from '../../pages/html.ts';
import type { Content } from '../../pages/page.ts';
import { subjectOfHint } from '../../tokens/id-token.ts';
import { clientName } from '../client-name.ts';
import type { Interaction, Step, StepContext } from './step.ts';

const ANEW = ['login', 'select_account'];

export const signIn: Step = {
  name: 'sign-in',
  unasked: 'login_required',
  async settle(context, interaction) {
    const { login, startedAt } = interaction;
    if (!login) return undefined;
    const expected = await isExpected(context, interaction);
    if (login.at >= startedAt) {
      if (expected) return interaction;
      throw new OAuthError('login_required', 'A different person is signed in than the request expects.');
    }
    return expected && isRecent(interaction, login.at, context.clock()) ? interaction : undefined;
  },
  ask: async (_, interaction) => form(interaction, interaction.request.loginHint),
  async take(context, interaction, fields) {
    const sent = ['username', 'password'].map((name): [string, string] => [name, fields.get(name) ?? '']);
    const parameters = Parameters.of(sent);
    const [username, password] = [parameters.get('username'), parameters.get('password')];
    if (username === undefined || password === undefined) {
      return { again: form(interaction, username, 'Enter your user name and password.') };
    }
    const { address, since, request } = interaction;
    const user = await proveUser(context, { username, password, address, since, client: request.client.id });
    if (!user) return { again: form(interaction, username, 'The user name or password is wrong.') };
    const { secret, login } = await context.browsers.signIn(user, interaction.browser, since);
    // The patient may have been chosen by a person who was signed in before.
    return { interaction: { ...interaction, browser: secret, login, patient: undefined } };
  },
};

/** Returns true if a login from before this request is still good enough. */
function isRecent({ request }: Interaction, at: number, now: number): boolean {
  if (ANEW.some((prompt) => request.prompts.has(prompt))) return false;
  return request.maxAge === undefined || now - at <= request.maxAge * 1000;
}

/** Returns true unless the client sent an ID token of somebody else. */
async function isExpected({ keys, settings }: StepContext, { request, login }: Interaction): Promise<boolean> {
  if (request.idTokenHint === undefined) return true;
  return (await subjectOfHint(keys, settings.baseUrl, request.idTokenHint)) === login?.user.id;
}

function form({ request }: Interaction, username: string | undefined, problem?: string): Content {
  const invalid = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`;
  const body = html`<p>to continue to <strong>${clientName(request.client)}</strong></p>
<label for="username">User name or email</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none"
  spellcheck="false" required maxlength="256"${invalid}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
  maxlength="1024"${invalid}>
<button class="first" name="answer" value="sign-in">Sign in</button>
<button class="other" name="answer" value="deny" formnovalidate>Cancel</button>`;
  return { title: 'Sign in', body, problem };
}
