import type { Engine, Transaction, Version } from '../resources/engine.ts';
import { isObject, type Json, type JsonObject } from '../resources/json/value.ts';
import { resourceOf } from '../resources/storage/version-row.ts';
import { isId } from '../resources/validate/primitives.ts';

/** A resource of the auth module's own types together with what the engine knows of it. */
export interface Stored {
  /** The integer its credentials belong to. */
  key: number;
  id: string;
  versionId: number;
  resource: JsonObject;
}

/** The current resource with this id, or undefined: for what cannot be one, no query is made. */
export async function findStored(engine: Pick<Engine, 'find'>, type: string, id: string): Promise<Stored | undefined> {
  return isId(id) ? storedOf(await engine.find(type, id)) : undefined;
}

/** As `findStored`, inside a job: on a database with many writers the resource cannot change until the job ends. */
export async function currentStored(transaction: Transaction, type: string, id: string): Promise<Stored | undefined> {
  return storedOf(await transaction.current(type, id));
}

/** A version as a Stored; undefined for none and for a deletion. */
export function storedOf(version: Version | undefined): Stored | undefined {
  const resource = resourceOf(version);
  if (!version || !resource) return undefined;
  return { key: version.key, id: version.id, versionId: version.versionId, resource };
}

/** False for a Client or a User that was switched off. */
export function isUsable(resource: JsonObject): boolean {
  return resource['active'] !== false && resource['inactive'] !== true;
}

/** `{reference: "Client/x"}` and `{resourceType: "Client", id: "x"}` as "Client/x"; undefined for anything else. */
export function referenceOf(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined;
  const { reference, resourceType, id } = value;
  if (typeof reference === 'string') return reference;
  return typeof resourceType === 'string' && typeof id === 'string' ? `${resourceType}/${id}` : undefined;
}
