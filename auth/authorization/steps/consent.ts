/** Asks whether the person lets the app in (RFC 6749 §10.2, RFC 8252 §8.6, OpenID Connect Core §3.1.2.4). */
import { html } from '../../pages/html.ts';
import { placeOf } from '../../pages/page.ts';
import { strings } from '../../settings.ts';
import { clientName } from '../client-name.ts';
import { findPatient } from '../patients.ts';
import { isUnassured } from '../redirect-uris.ts';
import { describeScopes } from '../scope-words.ts';
import type { Interaction, Step } from './step.ts';

export const consent: Step = {
  name: 'consent',
  unasked: 'consent_required',
  settle: async (_, interaction) => (interaction.agreed || !isAsked(interaction) ? interaction : undefined),
  async ask(context, interaction) {
    const { request, login, patient } = interaction;
    const name = clientName(request.client);
    const chosen = patient === undefined ? undefined : await findPatient(context, interaction, patient);
    const { userName } = login?.user.resource ?? {};
    const listed = strings(request.client.resource['scope']);
    const items = describeScopes(request.scope, chosen?.name, listed).map(
      (words) => html`<li>${words}</li>
`,
    );
    const body = html`<p>You are signed in as <strong>${String(userName ?? login?.user.id)}</strong>.
<strong>${name}</strong> asks for permission to:</p>
<ul>
${items}</ul>
<p>You will then continue to <strong>${placeOf(request.redirectUri)}</strong>.</p>
<button class="first" name="answer" value="allow">Allow</button>
<button class="other" name="answer" value="deny">Deny</button>
<button class="other" name="answer" value="switch">Use a different account</button>`;
    return { title: `Allow ${name}?`, body };
  },
  async take({ browsers }, interaction, fields) {
    if (fields.get('answer') === 'allow') return { interaction: { ...interaction, agreed: true } };
    if (fields.get('answer') === 'switch') {
      await browsers.signOut(interaction.browser);
      return { interaction: { ...interaction, login: undefined, patient: undefined } };
    }
    return { interaction };
  },
};

/**
 * A first-party app needs no consent. But if its redirect URI is not https, any app on the device could impersonate it:
 * then the person is asked, unless they have just entered the password.
 */
function isAsked({ request, login, startedAt }: Interaction): boolean {
  if (request.client.resource['first_party'] !== true || request.prompts.has('consent')) return true;
  return isUnassured(request.redirectUri) && (login?.at ?? 0) < startedAt;
}
