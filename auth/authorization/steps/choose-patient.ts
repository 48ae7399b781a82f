/** Selects the patient for an app (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html). */
import { Failure } from '../../../resources/errors.ts';
import { html } from '../../pages/html.ts';
import type { Content } from '../../pages/page.ts';
import { needsPatient } from '../../scopes/smart-scopes.ts';
import { clientName } from '../client-name.ts';
import { type Choice, findPatient, findPatients, ownPatient } from '../patients.ts';
import type { Interaction, Step, StepContext } from './step.ts';

export const choosePatient: Step = {
  name: 'choose-patient',
  unasked: 'interaction_required',
  async settle(context, interaction) {
    const { request, login, patient } = interaction;
    if (!needsPatient(request.scope)) return { ...interaction, patient: undefined };
    const own = login && ownPatient(login.user.resource, context.settings.baseUrl);
    if (own !== undefined) return { ...interaction, patient: own };
    // The choice came back through the browser, so the permission is checked each time.
    return patient !== undefined && (await findPatient(context, interaction, patient)) ? interaction : undefined;
  },
  ask: (context, interaction) => picker(context, interaction, { name: '', birthDate: '' }),
  async take(context, interaction, fields) {
    const patient = fields.get('patient');
    if (patient !== undefined) return { interaction: { ...interaction, patient } };
    const by = { name: fields.get('name') ?? '', birthDate: fields.get('birthdate') ?? '' };
    return { again: await picker(context, interaction, by) };
  },
};

async function picker(context: StepContext, interaction: Interaction, by: Search): Promise<Content> {
  try {
    return form(interaction, by, await findPatients(context, interaction, by));
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'parameter')) throw error;
    return form(interaction, by, [], 'Enter the date of birth as YYYY-MM-DD, such as 1970-01-31.');
  }
}

interface Search {
  name: string;
  birthDate: string;
}

function form({ request }: Interaction, { name, birthDate }: Search, choices: Choice[], problem?: string): Content {
  const found = choices.map(
    (each) => html`<button name="patient" value="${each.id}">${each.name}<br>
<small>${each.birthDate === undefined ? 'date of birth unknown' : `born ${each.birthDate}`}</small></button>
`,
  );
  // Only the date can be invalid.
  const invalid = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`;
  const body = html`<p><strong>${clientName(request.client)}</strong> asks you to choose a patient.</p>
<label for="name">Name</label>
<input id="name" name="name" value="${name}" maxlength="256" autocomplete="off" spellcheck="false">
<label for="birthdate">Date of birth</label>
<input id="birthdate" name="birthdate" type="date" value="${birthDate}" autocomplete="off"${invalid}>
<button class="first" name="answer" value="search">Search</button>
<h2>Patients</h2>
${found.length === 0 ? html`<p role="status">No patients that you may see were found.</p>` : found}
<button class="other" name="answer" value="deny" formnovalidate>Cancel</button>`;
  return { title: 'Choose a patient', body, problem };
}
