/**
 * Our server against published figures of Medplum with PostgreSQL and Redis on a machine with two cores; it is not run
 * here. A row already measured in this run is not measured again.
 */
import { peakOf } from '../children.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';
import { reads } from './reads.ts';
import { tokens } from './tokens.ts';
import { writes } from './writes.ts';

const TIMES = 10;
/** The maximum share of Medplum's memory. */
const SHARE = 0.25;
const FLOOR = 'Medplum, as measured elsewhere';

function rate(name: string, figure: number, same: Row | undefined): Row {
  const measure = async (context: Context): Promise<Sides> => {
    if (same === undefined) throw new Error(`${name}: the row that measures it is gone`);
    const known = context.outcomes.find((outcome) => outcome.name === same.name);
    const { ours } = known?.sides ?? (await same.measure(context));
    return { floor: [figure], ours };
  };
  return { name, part: 'published', floor: FLOOR, unit: 'req/s', target: { ratio: TIMES }, measure };
}

const [read, , , nameSearch] = reads;
const [create] = writes;
const [opaque] = tokens;

/** Runs before the thousand clients, which were not part of the published measurement. */
export const publishedMemory: Row = {
  name: 'most memory of the server that was read, searched and written to',
  part: 'published',
  floor: FLOOR,
  unit: 'MiB',
  target: { mostRatio: SHARE },
  measure: async (context) => {
    const { pid } = await context.filled();
    return alternate(context, publishedMemory.name, { floor: async () => 629, ours: async () => peakOf(pid) });
  },
};

/** If a figure is a range, its higher end. */
export const published: readonly Row[] = [
  rate('reads by id', 1290, read),
  rate('creates', 95, create),
  rate('searches by name', 222, nameSearch),
  rate('tokens', 771, opaque),
];
