import type { Version } from '../../resources/engine.ts';
import { projectText } from '../../resources/project.ts';
import { withinCompartment } from '../../resources/search/compartment.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import { prefers } from '../preferences.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';
import { searchset } from './page-bundle.ts';

/**
 * `GET /{type}?…` and `POST /{type}/_search` (FHIR R4 §3.1.0.11), and the same within a compartment:
 * `GET /Patient/{id}/{type}?…` (https://hl7.org/fhir/R4/http.html#vsearch).
 */
export async function search(
  request: InteractionRequest,
  { engine, registry, clock, judge, baseUrl }: Services,
): Promise<Result> {
  const { base, type, compartment, parameters, pageBytes } = request;
  const lenient = prefers(request, 'handling') === 'lenient';
  const rows = (other: string) => (other === type ? request.rows : judge.rows(other));
  const own = { base: baseUrl, now: clock() };
  const within = compartment && withinCompartment(registry, own, compartment, type);
  const options = { ...own, lenient, rows, within };
  const plan = { ...parseSearch(registry, type, parameters, options), bytes: pageBytes };
  const page = await engine.search(plan, options);
  const textOf = (version: Version) => projectText(registry, version, plan);
  const path = compartment ? `${compartment.of}/${compartment.id}/${type}` : type;
  const bundle = { base, path, parameters: plan.understood, page };
  return { status: 200, text: searchset(bundle, page.included, textOf, plan.warnings) };
}
