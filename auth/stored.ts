import type { Engine, Transaction, Version } from '../resources/engine.ts';
import { isObject, type Json, type JsonObject } from '../resources/json/value.ts';
import { resourceOf } from '../resources/storage/version-row.ts';
import { isId } from '../resources/validate/primitives.ts';

/** A resource of the auth module's own types, with the engine's metadata. */
export interface Stored {
  /** The integer that its credentials refer to. */
  key: number;
  id: string;
  versionId: number;
  resource: JsonObject;
}

/** Returns the current resource with this id, or undefined. Makes no query if `id` is not a valid id. */
export async function findStored(engine: Pick<Engine, 'find'>, type: string, id: string): Promise<Stored | undefined> {
  return isId(id) ? storedOf(await engine.find(type, id)) : undefined;
}

/**
 * Like `findStored`, inside a job. If the database has several writers, the resource cannot change until the job ends.
 */
export async function currentStored(transaction: Transaction, type: string, id: string): Promise<Stored | undefined> {
  return storedOf(await transaction.current(type, id));
}

/** Returns a version as a Stored; undefined for none and for a deletion. */
export function storedOf(version: Version | undefined): Stored | undefined {
  const resource = resourceOf(version);
  if (!version || !resource) return undefined;
  return { key: version.key, id: version.id, versionId: version.versionId, resource };
}

/** Returns false for a Client or User that is switched off. */
export function isUsable(resource: JsonObject): boolean {
  return resource['active'] !== false && resource['inactive'] !== true;
}

/**
 * Returns `{reference: "Client/x"}` or `{resourceType: "Client", id: "x"}` as "Client/x"; undefined for anything else.
 */
export function referenceOf(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined;
  const { reference, resourceType, id } = value;
  if (typeof reference === 'string') return reference;
  return typeof resourceType === 'string' && typeof id === 'string' ? `${resourceType}/${id}` : undefined;
}
