import { startChild } from '../children.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';
import type { ValidationLoad } from '../validations.ts';

async function measure(context: Context): Promise<Sides> {
  const child = startChild<ValidationLoad, { rate: number }>('validate');
  const rateOf = async (side: ValidationLoad['side'], seconds = context.seconds) =>
    (await child.ask({ side, seconds })).rate;
  try {
    for (const side of ['floor', 'ours'] as const) await rateOf(side, 1);
    return await alternate(context, validation.name, { floor: () => rateOf('floor'), ours: () => rateOf('ours') });
  } finally {
    await child.stop();
  }
}

export const validation: Row = {
  name: 'validation of a synthetic Patient, every fourth with four faults',
  part: 'validation',
  floor: 'JSON.parse of the same text',
  unit: 'a CPU-second',
  target: { least: 20_000 },
  measure,
};
