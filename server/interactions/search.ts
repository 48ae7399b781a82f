import type { Version } from '../../resources/engine.ts';
import { projectText } from '../../resources/project.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import { searchset } from '../bundle.ts';
import { prefers } from '../preferences.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/** `GET /{type}?…` and `POST /{type}/_search` (FHIR R4 §3.1.0.11). */
export async function search(
  request: InteractionRequest,
  { engine, registry, clock, judge, baseUrl }: Services,
): Promise<Result> {
  const { base, type, parameters, pageBytes } = request;
  const lenient = prefers(request, 'handling') === 'lenient';
  // Its parameters bound its matches alone: what it touches is judged as a search by itself, of the same type too.
  const rows = (touched: string) => judge.rows(touched);
  const options = { base: baseUrl, now: clock(), lenient, rows, ownRows: request.rows };
  const plan = { ...parseSearch(registry, type, parameters, options), bytes: pageBytes };
  const page = await engine.search(plan, options);
  const textOf = (version: Version) => projectText(registry, version, plan);
  const bundle = { base, path: type, parameters: plan.understood, page };
  return { status: 200, text: searchset(bundle, page.included, textOf, plan.warnings) };
}
