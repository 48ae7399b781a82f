import type Router from '@koa/router';
import type { JsonObject } from '../../resources/json/value.ts';
import type { YieldTurn } from '../../resources/pace/pace.ts';
import { authorize, whileAuthorized } from '../access/authorization.ts';
import { askedOf, guard } from '../access/guard.ts';
import type { AppOptions } from '../app.ts';
import type { Context, RequestState } from '../context.ts';
import { parseForm } from '../formats/form.ts';
import { pageBytes, sendResult, wanted } from '../http/answer.ts';
import { bytesOf, type Patch, readForm, readPatch, readResource } from '../http/body.ts';
import type { Cursors } from '../http/cursors.ts';
import { checkId, compartmentAt, judgedPath } from '../interactions/address.ts';
import { typeOfBody } from '../interactions/envelope.ts';
import type { Interaction, InteractionRequest } from '../interactions/interaction.ts';
import { INTERACTIONS } from '../interactions/registry.ts';
import type { BodyScheduler } from '../load/body-scheduler.ts';

/**
 * Mounts every resource interaction. Each request is authenticated, parsed, judged and then handled. A caller for whom
 * no policy could permit the operation is denied before its body is read.
 */
export function mountResources(
  router: Router<RequestState>,
  { engine, registry, cursors, clock, auth, config, bodyScheduler }: AppOptions,
): void {
  for (const interaction of INTERACTIONS) {
    const { takes } = interaction;
    router[interaction.method](interaction.path, async (ctx) => {
      // The form of a search may also choose the format.
      const early = takes === 'form' ? undefined : wanted(ctx);
      const judge = await guard(auth, ctx);
      const operation = operationAt(interaction, ctx.params);
      if (takes !== undefined && operation !== undefined) judge.requireChance(operation);
      const sent = takes === undefined ? NOTHING : await readSent(ctx, takes, bodyScheduler);
      const answer = early ?? wanted(ctx);
      const request = readRequest(ctx, interaction, sent, { cursors, pageBytes: pageBytes(answer) });
      const { method, querystring } = ctx;
      const path = judgedPath(ctx.path, request.compartment);
      const asked = askedOf({ method, path, querystring }, sent.form && request.parameters);
      const services = { engine, registry, cursors, clock, judge, baseUrl: config.baseUrl };
      const authorized = () => authorize(interaction, request, asked, services);
      const result = await whileAuthorized(request, authorized, () => interaction.handle(request, services));
      return sendResult(ctx, answer, result, bodyScheduler);
    });
  }
}

/**
 * Returns the operation id that policies use, as far as the path determines it; undefined if the type is in the body.
 */
function operationAt({ name, everyType }: Interaction, { type, compartment }: Context['params']): string | undefined {
  // `$everything` first needs permission to read the owner of the compartment.
  if (everyType && compartment !== undefined) return `${compartment}.read`;
  return type === undefined ? undefined : `${type}.${name}`;
}

/** The parsed body of a request. */
interface Sent {
  body?: JsonObject;
  patch?: Patch;
  form?: [name: string, value: string][];
  yieldTurn?: YieldTurn | undefined;
}

const NOTHING: Sent = {};

/** Parses the body of a request. Rejects with `media-type` or `malformed` (400, 415), or as the body scheduler does. */
async function readSent(
  ctx: Context,
  takes: NonNullable<Interaction['takes']>,
  bodyScheduler: BodyScheduler,
): Promise<Sent> {
  const yieldTurn = bodyScheduler.paceOf(bytesOf(ctx).length);
  if (takes === 'parameters' && bytesOf(ctx).length === 0) return { yieldTurn };
  if (takes === 'resource' || takes === 'parameters')
    return { body: await readResource(ctx, bodyScheduler), yieldTurn };
  if (takes === 'patch') return { patch: await readPatch(ctx, bodyScheduler), yieldTurn };
  const form = await readForm(ctx, bodyScheduler);
  ctx.state.form = form;
  return { form, yieldTurn };
}

/** Builds the input of an interaction. Throws `parameter` or `malformed` (400). */
function readRequest(
  ctx: Context,
  { everyType }: Interaction,
  { body = {}, patch, form, yieldTurn }: Sent,
  { cursors, pageBytes }: { cursors: Cursors; pageBytes: number },
): InteractionRequest {
  const { params } = ctx;
  const { type, id, version } = params;
  const parameters = cursors.open([...parseForm(ctx.querystring), ...(form ?? [])]);
  const request: InteractionRequest = {
    base: ctx.state.base,
    since: ctx.state.since,
    yieldTurn,
    type: everyType ? '' : String(type ?? typeOfBody(body)),
    id: String(id ?? ''),
    version: String(version ?? ''),
    compartment: compartmentAt(params),
    body,
    patch,
    pageBytes,
    parameters,
    rows: [],
    judgedBy: undefined,
    types: new Map(),
    ofHttp: true,
    header: (name) => (ctx.req.headers[name.toLowerCase()] === undefined ? undefined : ctx.get(name)),
  };
  if (id !== undefined) checkId(request.id);
  return request;
}
