import type { Version } from '../../resources/engine.ts';
import type { Issue } from '../../resources/errors.ts';
import { projectText } from '../../resources/project.ts';
import { withinCompartment } from '../../resources/search/compartment.ts';
import type { SearchOptions } from '../../resources/search/parameters/criteria.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import type { ParsedSearch } from '../../resources/search/plan.ts';
import { prefers } from '../http/preferences.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';
import { type EntryMode, searchset } from './page-bundle.ts';

/**
 * `GET /{type}?…` and `POST /{type}/_search` (FHIR R4 §3.1.0.11), and the same within a compartment:
 * `GET /Patient/{id}/{type}?…` (https://hl7.org/fhir/R4/http.html#vsearch).
 */
export async function search(request: InteractionRequest, services: Services): Promise<Result> {
  const { engine, registry, cursors, clock, judge, baseUrl } = services;
  const { base, type, compartment, pageBytes } = request;
  const lenient = prefers(request, 'handling') === 'lenient';
  const now = clock();
  const within = compartment && withinCompartment(registry, { base: baseUrl, now }, compartment, type);
  // Its parameters restrict its matches only: other resources that it touches, also of the same type, are judged as a
  // search on its own.
  const rows = (touched: string) => judge.rows(touched);
  // Listed one by one, not spread, for speed: every search passes here.
  const options = { base: baseUrl, now, lenient, rows, ownRows: request.rows, within };
  const plan = await understood(request, services, options);
  plan.bytes = pageBytes;
  const page = await engine.search(plan, options);
  // `_elements` names elements of the searched type.
  const ofMode = { match: plan, include: { elements: undefined, summary: plan.summary } };
  const textOf = (version: Version, mode: EntryMode) => projectText(registry, version, ofMode[mode]);
  const path = compartment ? `${compartment.of}/${compartment.id}/${type}` : type;
  const bundle = { base, path, parameters: plan.understood, page, cursors };
  return { status: 200, text: searchset(bundle, page.included, textOf, plan.warnings.map(passedOver)) };
}

/** Returns the warning about a parameter that lenient handling ignored (FHIR R4 §3.1.1.2.1). */
function passedOver(diagnostics: string): Issue {
  return { severity: 'warning', code: 'not-supported', diagnostics };
}

/** Parses the search. Ignored parameters restrict nothing: if policies saw one, they judge again without it. */
async function understood(
  request: InteractionRequest,
  { registry, judge }: Services,
  options: SearchOptions,
): Promise<ParsedSearch> {
  const { type, parameters, asked } = request;
  const plan = parseSearch(registry, type, parameters, options);
  const { passedOver, warnings } = plan;
  if (passedOver.length === 0 || !asked) return plan;
  const read = parameters.filter((pair) => !passedOver.includes(pair));
  const [path = ''] = asked.url.split('?', 1);
  const line = { ...asked, url: `${path}?${new URLSearchParams(read)}` };
  const { rows: ownRows } = await judge.require('search', request, line);
  return { ...parseSearch(registry, type, read, { ...options, ownRows }), warnings };
}
