import type { Version } from '../../resources/engine.ts';
import { Failure, type Issue } from '../../resources/errors.ts';
import { type Compartment, typesWithin, withinCompartment } from '../../resources/search/compartment.ts';
import { wrongCursor } from '../../resources/search/cursor.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { checkEnvelope, statedParameters } from './envelope.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';
import { requireJudged } from './judged.ts';
import { searchset } from './page-bundle.ts';
import { countOf, instantOf, LARGEST_COUNT } from './page-parameters.ts';

type Pair = [name: string, value: string];

/** The parsed parameters of the request. */
interface Asked {
  /** The number of entries per page. */
  count: number;
  /** The minimum time of the last change, in milliseconds since the epoch. */
  since: number | undefined;
  /** The types in `_type`; undefined for all types, and the resources that they refer to. */
  named: string[] | undefined;
  from: Place | undefined;
}

/** The start of a page: a type, or a page within the search of that type. */
interface Place {
  type: string;
  cursor: string | undefined;
}

type Page = Awaited<ReturnType<Services['engine']['search']>>;

/** The supported parameters; care dates are not supported. */
const NAMES = ['_since', '_type', '_count'];

/**
 * `GET` or `POST /Patient/{id}/$everything`: returns the resource, then its compartment, type by type, and the
 * resources of other types that those refer to (https://hl7.org/fhir/R4/patient-operation-everything.html). Each type
 * is searched with the caller's permission to search it; denied types are left out and named in a warning. Throws
 * StaleJudgement.
 */
export async function everything(request: InteractionRequest, services: Services): Promise<Result> {
  const { base, compartment, rows } = request;
  if (compartment === undefined) throw new Error('$everything needs a compartment');
  const { of, id } = compartment;
  const within = typesWithin(services.registry, of);
  const parameters = parametersOf(request, services);
  const asked = understood(parameters, within);
  // A denied type that `_type` names rejects the request, as its search would.
  for (const type of asked.named ?? []) services.judge.rows(type);
  const owner = await services.engine.read(of, id, rows);
  requireJudged(request, owner);
  const page = await gathered(owner, asked, within, request, services);
  const shown = parameters.filter(([name]) => name !== '_cursor');
  const bundle = { base, path: `${of}/${id}/$everything`, parameters: shown, page, cursors: services.cursors };
  const hidden = within.filter((type) => type !== of && !request.types.has(type));
  const warnings = asked.named === undefined && hidden.length > 0 ? [leftOut(hidden)] : [];
  return { status: 200, text: searchset(bundle, page.included, (version) => version.text ?? '', warnings) };
}

/** Returns the parameters of the query and of a Parameters in the body. Throws `malformed` for another body. */
function parametersOf({ parameters, body }: InteractionRequest, { registry }: Services): Pair[] {
  const stated = body['resourceType'] ?? 'Parameters';
  if (stated !== 'Parameters')
    throw new Failure('malformed', 'The body must be a Parameters resource.', { expression: String(stated) });
  checkEnvelope(body, registry, NAMES);
  return [...parameters, ...statedParameters(body)];
}

/** Parses the parameters. Throws `parameter` for an invalid value, and `unknown-parameter`. */
function understood(parameters: readonly Pair[], within: readonly string[]): Asked {
  const asked: Asked = { count: LARGEST_COUNT, since: undefined, named: undefined, from: undefined };
  for (const [name, value] of parameters) {
    if (name === '_count') asked.count = countOf(value);
    else if (name === '_since') asked.since = instantOf(name, value);
    else if (name === '_type') asked.named = [...new Set([...(asked.named ?? []), ...typesNamed(value, within)])];
    else if (name === '_cursor') asked.from = placeAt(value, within);
    else if (name !== '_format' && name !== '_pretty') {
      throw new Failure(
        'unknown-parameter',
        `$everything supports ${NAMES.join(', ')}, _format and _pretty, not ${name}.`,
      );
    }
  }
  return asked;
}

function typesNamed(value: string, within: readonly string[]): string[] {
  const named = value.split(',');
  const other = named.find((type) => !within.includes(type));
  if (other === undefined) return named;
  throw new Failure('parameter', `_type must list types of the compartment: ${within.join(', ')}.`);
}

function placeAt(text: string, within: readonly string[]): Place {
  const [type = '', cursor] = text.split('.');
  if (within.includes(type)) return { type, cursor };
  throw wrongCursor();
}

/** Collects one page: searches types in turn until it has `count` entries, or half of its bytes. */
async function gathered(
  owner: Version,
  { count, since, named, from }: Asked,
  within: readonly string[],
  request: InteractionRequest,
  services: Services,
): Promise<Page> {
  const { pageBytes } = request;
  const compartment = { of: owner.type, id: owner.id };
  const sought = within.filter((type) => named === undefined || named.includes(type));
  const shaping: Pair[] = [['_total', 'none']];
  if (named === undefined) shaping.push(['_include', '*']);
  if (since !== undefined) shaping.push(['_lastUpdated', `ge${new Date(since).toISOString()}`]);
  const begins = from === undefined && sought.includes(owner.type) && owner.lastUpdated >= (since ?? 0);
  const matches = begins ? [owner] : [];
  const included = new Map<number, Version>();
  let next: string | undefined;
  for (const type of sought.slice(from && sought.indexOf(from.type))) {
    const rows = request.types.get(type);
    if (rows === undefined) continue;
    const room = { count: count - matches.length, bytes: pageBytes - bytesOf([...matches, ...included.values()]) };
    if (room.count <= 0 || room.bytes < pageBytes / 2) {
      next = type;
      break;
    }
    const pairs: Pair[] = [...shaping, ['_count', String(room.count)]];
    if (from?.type === type && from.cursor !== undefined) pairs.push(['_cursor', from.cursor]);
    const found = await searched(compartment, type, rows, pairs, room.bytes, services);
    matches.push(...found.matches.filter(({ key }) => key !== owner.key));
    // A resource of a type in the compartment is a match of the search of that type.
    for (const each of found.included) if (!within.includes(each.type)) included.set(each.key, each);
    if (found.next !== undefined) {
      next = `${type}.${found.next}`;
      break;
    }
  }
  return { matches, included: [...included.values()], total: undefined, next };
}

function searched(
  compartment: Compartment,
  type: string,
  ownRows: Criterion[],
  pairs: readonly Pair[],
  bytes: number,
  { engine, registry, clock, judge, baseUrl }: Services,
): Promise<Page> {
  const options = { base: baseUrl, now: clock(), rows: (touched: string) => judge.rows(touched), ownRows };
  const within = withinCompartment(registry, options, compartment, type);
  const plan = parseSearch(registry, type, pairs, { ...options, within });
  return engine.search({ ...plan, bytes }, options);
}

function bytesOf(versions: readonly Version[]): number {
  return versions.reduce((bytes, { text }) => bytes + (text?.length ?? 0), 0);
}

function leftOut(types: readonly string[]): Issue {
  const diagnostics = `Types that you may not search are omitted: ${types.join(', ')}.`;
  return { severity: 'warning', code: 'suppressed', diagnostics };
}
