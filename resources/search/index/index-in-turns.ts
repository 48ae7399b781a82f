import type { ResourceDefinition } from '../../definition.ts';
import type { JsonObject } from '../../json/value.ts';
import type { YieldTurn } from '../../pace/pace.ts';
import { concerns, searchType } from './extract.ts';
import type { Definitions } from './paths.ts';
import { RowCollector } from './rows.ts';
import type { IndexRows } from './tables.ts';

/** Options for indexing a large resource. */
export interface InTurns {
  /** Yields between two parameters. */
  yieldTurn: YieldTurn;
  /** Maximum number of rows; unlimited for a resource that is already stored. */
  most?: number | undefined;
  /** Only the rows of parameters that read one of these. */
  properties?: readonly string[] | undefined;
}

/**
 * Like `indexRows`, but yields to other work between parameters. Rejects with `too-large` if there are so many rows
 * that all other writes would have to wait for them.
 */
export async function indexInTurns(
  definitions: Definitions,
  definition: ResourceDefinition,
  resource: JsonObject,
  { yieldTurn, most, properties }: InTurns,
): Promise<IndexRows> {
  const collector = new RowCollector(most);
  for (const parameter of searchType(definitions, definition).parameters.values()) {
    if (parameter.isTwin || !concerns(parameter, resource, properties)) continue;
    await yieldTurn();
    parameter.extract(resource, collector);
  }
  return collector.rows;
}
