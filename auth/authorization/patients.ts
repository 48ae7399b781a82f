/** The patients that a person may choose from: those that the person's own policies permit. */
import { Failure } from '../../resources/errors.ts';
import { readJson } from '../../resources/json/read.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { parseReference } from '../../resources/search/kinds/reference.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { isId } from '../../resources/validate/primitives.ts';
import { referenceOf } from '../stored.ts';
import type { Interaction, StepContext } from './steps/step.ts';

/** A patient, as shown to the person. */
export interface Choice {
  id: string;
  name: string;
  birthDate: string | undefined;
}

const MOST_SHOWN = 20;

/** Returns the first patients that match. Throws a `parameter` Failure for an invalid date. */
export async function findPatients(
  context: StepContext,
  interaction: Interaction,
  by: { name: string; birthDate: string },
): Promise<Choice[]> {
  const rows = await visible(context, interaction, 'search');
  if (rows === undefined) return [];
  const { engine, registry, settings, clock } = context;
  const pairs: [string, string][] = [
    ['name', by.name],
    ['birthdate', by.birthDate],
    ['_sort', 'family,given'],
    ['_count', String(MOST_SHOWN)],
  ];
  const options = { base: settings.baseUrl, now: clock(), rows: () => rows };
  const { matches } = await engine.search(parseSearch(registry, 'Patient', pairs, options));
  return matches.map(({ id, text }) => choiceOf(id, text));
}

/** Returns the patient with this id, if the person may read it. */
export async function findPatient(
  context: StepContext,
  interaction: Interaction,
  id: string,
): Promise<Choice | undefined> {
  const rows = isId(id) ? await visible(context, interaction, 'read', id) : undefined;
  const found = rows && (await context.engine.find('Patient', id, rows));
  return found && choiceOf(found.id, found.text);
}

/** Returns the id of the User's own Patient (`User.fhirUser`); undefined if it is another type or on another server. */
export function ownPatient(user: JsonObject, baseUrl: string): string | undefined {
  const found = parseReference(referenceOf(user['fhirUser']) ?? '');
  if (found?.type !== 'Patient') return undefined;
  return ['', baseUrl, `${baseUrl}/fhir`].includes(found.base) ? found.id : undefined;
}

/** Returns the criteria for the patients, or for the one with this id, that the person may see; undefined for none. */
async function visible(
  { access, settings }: StepContext,
  { login, request, address }: Interaction,
  interactionName: string,
  id?: string,
): Promise<Criterion[] | undefined> {
  if (!login) return undefined;
  const judgement = await access.begin();
  try {
    const asked = await judgement.complete({
      principal: { kind: 'user', user: login.user.resource, client: request.client.resource, token: undefined },
      operation: `Patient.${interactionName}`,
      method: 'GET',
      scheme: settings.baseUrl.startsWith('https:') ? 'https' : 'http',
      url: id === undefined ? '/Patient' : `/Patient/${id}`,
      type: 'Patient',
      id,
      headers: {},
      address,
    });
    return judgement.require(asked);
  } catch (error) {
    if (error instanceof Failure && error.code === 'forbidden') return undefined;
    throw error;
  }
}

function choiceOf(id: string, text: string | null): Choice {
  const resource = readJson(text ?? '{}');
  const { name, birthDate } = isObject(resource) ? resource : {};
  const [first] = Array.isArray(name) ? name : [];
  return {
    id,
    name: nameOf(first) || `Patient ${id}`,
    birthDate: typeof birthDate === 'string' ? birthDate : undefined,
  };
}

function nameOf(name: Json | undefined): string {
  if (!isObject(name)) return '';
  if (typeof name['text'] === 'string') return name['text'];
  const given = Array.isArray(name['given']) ? name['given'] : [];
  return [...given, name['family']].filter((part) => typeof part === 'string').join(' ');
}
