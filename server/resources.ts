import type Router from '@koa/router';
import { admit } from './admission.ts';
import { pageBytes, sendResult, wanted } from './answer.ts';
import type { AppOptions } from './app.ts';
import { readForm, readPatch, readResource } from './body.ts';
import type { Context, RequestState } from './context.ts';
import { parseForm } from './formats/form.ts';
import { guard } from './guard.ts';
import { checkAddress } from './interactions/address.ts';
import { typeOfBody } from './interactions/envelope.ts';
import type { Interaction, InteractionRequest } from './interactions/interaction.ts';
import { INTERACTIONS } from './interactions/registry.ts';

/** Mounts every resource interaction: credentials, then the request itself, then judgement, then the work. */
export function mountResources(
  router: Router<RequestState>,
  { engine, registry, clock, auth, config }: AppOptions,
): void {
  for (const interaction of INTERACTIONS) {
    router[interaction.method](interaction.path, async (ctx) => {
      const answer = wanted(ctx);
      const judge = await guard(auth, ctx);
      const request = readRequest(ctx, interaction, pageBytes(answer));
      await admit(interaction, request, { method: ctx.method, url: ctx.originalUrl }, { judge, registry });
      const services = { engine, registry, clock, judge, baseUrl: config.baseUrl };
      sendResult(ctx, answer, await interaction.handle(request, services));
    });
  }
}

/** Reads what an interaction needs. Throws `parameter`, `media-type` or `malformed` (400, 415). */
function readRequest(ctx: Context, { takes, everyType }: Interaction, pageBytes: number): InteractionRequest {
  const { type, id, version } = ctx['params'];
  const body = takes === 'resource' ? readResource(ctx) : {};
  const parameters = parseForm(ctx.querystring);
  if (takes === 'form') parameters.push(...readForm(ctx));
  const request: InteractionRequest = {
    base: ctx.state.base,
    since: ctx.state.since,
    type: everyType ? '' : String(type ?? typeOfBody(body)),
    id: String(id ?? ''),
    version: String(version ?? ''),
    body,
    patch: takes === 'patch' ? readPatch(ctx) : undefined,
    pageBytes,
    parameters,
    rows: [],
    types: new Map(),
    header: (name) => (ctx.req.headers[name.toLowerCase()] === undefined ? undefined : ctx.get(name)),
  };
  checkAddress(request, id !== undefined);
  return request;
}
