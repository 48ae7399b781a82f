import type { Version } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { projectText } from '../../resources/project.ts';
import { parseProjection } from '../../resources/search/parse.ts';
import { isNotModified, requireMatch } from '../http/preconditions.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';
import { requireJudged, requireStanding } from './judged.ts';

/** `GET /{type}/{id}` (FHIR R4 §3.1.0.1). Rejects with StaleJudgement. */
export async function read(request: InteractionRequest, services: Services): Promise<Result> {
  const current = await services.engine.read(request.type, request.id, request.rows);
  requireJudged(request, current);
  return given(request, services, current);
}

/** `GET /{type}/{id}/_history/{version}` (FHIR R4 §3.1.0.2). Rejects with StaleJudgement. */
export async function vread(request: InteractionRequest, services: Services): Promise<Result> {
  const { type, id, version } = request;
  if (!/^[1-9]\d{0,8}$/.test(version)) throw new Failure('not-found', `There is no such version of ${type}/${id}.`);
  const found = await services.engine.vread(type, id, Number(version), request.rows);
  await requireStanding(request, services.engine);
  return given(request, services, found);
}

/** Returns the version, the requested part of it, or 304. Throws `precondition` if it does not match. */
function given(request: InteractionRequest, { registry }: Services, version: Version): Result {
  requireMatch(request, version);
  if (isNotModified(request, version)) return { status: 304, version };
  if (request.parameters.length === 0) return { status: 200, version };
  const projection = parseProjection(registry, request.type, request.parameters);
  return { status: 200, version, text: projectText(registry, version, projection) };
}
