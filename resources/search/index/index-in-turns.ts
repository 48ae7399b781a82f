import type { ResourceDefinition } from '../../definition.ts';
import type { JsonObject } from '../../json/value.ts';
import type { GoOn } from '../../pace/pace.ts';
import { concerns, searchType } from './extract.ts';
import type { Definitions } from './paths.ts';
import { RowCollector } from './rows.ts';
import type { IndexRows } from './tables.ts';

/** How a large resource is indexed. */
export interface InTurns {
  /** Waits between two parameters. */
  goOn: GoOn;
  /** Rows that it may have; any number where it is stored already. */
  most?: number | undefined;
  /** Only the rows of the parameters that read one of these. */
  properties?: readonly string[] | undefined;
}

/**
 * As `indexRows`, one parameter after the other with everything else between them. Rejects with `too-large` where there
 * are so many rows that all other writes would wait for them.
 */
export async function indexInTurns(
  definitions: Definitions,
  definition: ResourceDefinition,
  resource: JsonObject,
  { goOn, most, properties }: InTurns,
): Promise<IndexRows> {
  const collector = new RowCollector(most);
  for (const parameter of searchType(definitions, definition).parameters.values()) {
    if (parameter.isTwin || !concerns(parameter, resource, properties)) continue;
    await goOn();
    parameter.extract(resource, collector);
  }
  return collector.rows;
}
