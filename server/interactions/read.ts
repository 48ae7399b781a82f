import type { Version } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { projectText } from '../../resources/project.ts';
import { parseProjection } from '../../resources/search/parse.ts';
import { isNotModified } from '../preconditions.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/** `GET /{type}/{id}` (FHIR R4 §3.1.0.1). */
export async function read(request: InteractionRequest, { engine, registry }: Services): Promise<Result> {
  const version = await engine.read(request.type, request.id, request.rows);
  const result = given(request, version);
  if (result.status === 304 || request.parameters.length === 0) return result;
  const projection = parseProjection(registry, request.type, request.parameters);
  return { ...result, text: projectText(registry, version, projection) };
}

/** `GET /{type}/{id}/_history/{version}` (FHIR R4 §3.1.0.2). */
export async function vread(request: InteractionRequest, { engine }: Services): Promise<Result> {
  const { type, id, version } = request;
  if (!/^[1-9]\d{0,8}$/.test(version)) throw new Failure('not-found', `There is no such version of ${type}/${id}.`);
  return given(request, await engine.vread(type, id, Number(version), request.rows));
}

/** The version, or word that the caller has it. */
function given(request: InteractionRequest, version: Version): Result {
  return { status: isNotModified(request, version) ? 304 : 200, version };
}
