import type { Version } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { projectText } from '../../resources/project.ts';
import type { Registry } from '../../resources/registry.ts';
import { compartmentCriterion } from '../../resources/search/compartment.ts';
import type { SearchOptions } from '../../resources/search/criteria.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { searchset } from '../bundle.ts';
import { prefers } from '../preferences.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/** `GET /{type}?…`, `POST /{type}/_search` and `GET /Patient/{id}/{type}?…` (FHIR R4 §3.1.0.11). */
export async function search(
  request: InteractionRequest,
  { engine, registry, clock, judge, baseUrl }: Services,
): Promise<Result> {
  const { base, type, parameters, pageBytes, patient } = request;
  const lenient = prefers(request, 'handling') === 'lenient';
  const rows = (other: string) => (other === type ? request.rows : judge.rows(other));
  const options = { base: baseUrl, now: clock(), lenient, rows };
  const plan = { ...parseSearch(registry, type, parameters, options), bytes: pageBytes };
  if (patient !== undefined) plan.criteria.push(inCompartment(registry, options, patient, type));
  const page = await engine.search(plan, options);
  const textOf = (version: Version) => projectText(registry, version, plan);
  const path = patient === undefined ? type : `Patient/${patient}/${type}`;
  const bundle = { base, path, parameters: plan.understood, page };
  return { status: 200, text: searchset(bundle, page.included, textOf, plan.warnings) };
}

/** Throws `not-found` where the type has no part in the compartment of a Patient. */
function inCompartment(registry: Registry, options: SearchOptions, id: string, type: string): Criterion {
  const criterion = compartmentCriterion(registry, options, { of: 'Patient', id }, type);
  if (criterion) return criterion;
  throw new Failure('not-found', `${type} has no part in the compartment of a Patient.`);
}
