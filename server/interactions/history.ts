import type { HistoryPage, SearchPage } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';
import { requireStanding } from './judged.ts';
import { history as historyBundle } from './page-bundle.ts';
import { countOf, instantOf } from './page-parameters.ts';

const DEFAULT_COUNT = 100;

/** `GET /{type}/_history` and `GET /{type}/{id}/_history` (FHIR R4 §3.1.0.12). Rejects with StaleJudgement. */
export async function history(request: InteractionRequest, services: Services): Promise<Result> {
  const { engine } = services;
  const { type, id, rows } = request;
  const page = await engine.history(type, id === '' ? undefined : id, historyPage(request), rows);
  await requireStanding(request, engine);
  return answered(request, id === '' ? `${type}/_history` : `${type}/${id}/_history`, page, services);
}

/** `GET /_history`: returns one history of all types whose history the caller may read (FHIR R4 §3.1.0.12). */
export async function systemHistory(request: InteractionRequest, services: Services): Promise<Result> {
  const page = await services.engine.historyOfTypes(request.types, historyPage(request));
  return answered(request, '_history', page, services);
}

function answered(
  { base, parameters }: InteractionRequest,
  path: string,
  page: SearchPage,
  services: Services,
): Result {
  const shown = parameters.filter(([name]) => name !== '_cursor');
  return { status: 200, text: historyBundle({ base, path, parameters: shown, page, cursors: services.cursors }) };
}

/** Parses the parameters of a history. */
function historyPage({ parameters, pageBytes }: InteractionRequest): HistoryPage {
  const page: HistoryPage = { count: DEFAULT_COUNT, bytes: pageBytes };
  for (const [name, value] of parameters) {
    if (name === '_count') page.count = countOf(value);
    else if (name === '_since') page.since = instantOf(name, value);
    else if (name === '_cursor') page.cursor = value;
    else if (name !== '_format' && name !== '_pretty') {
      throw new Failure('unknown-parameter', `A history supports _since, _count, _format and _pretty, not ${name}.`);
    }
  }
  return page;
}
