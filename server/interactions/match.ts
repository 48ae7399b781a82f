import type { Interaction } from './interaction.ts';
import { INTERACTIONS } from './registry.ts';

/** The parameters of a path: `type`, `id`, `version`. */
export type AddressParts = Record<string, string>;

export interface Match {
  interaction: Interaction;
  parts: AddressParts;
}

/** Returns the interactions that match a path below the base (`Patient/1`), whatever their method. */
export function matchAddress(path: string): Match[] {
  const segments = path.split('/');
  return INTERACTIONS.flatMap((interaction) => {
    const parts = partsOf(interaction.path.slice(1).split('/'), segments);
    return parts === undefined ? [] : [{ interaction, parts }];
  });
}

function partsOf(pattern: string[], segments: string[]): AddressParts | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parts: AddressParts = {};
  for (const [index, name] of pattern.entries()) {
    const segment = segments[index] ?? '';
    // A segment that starts with `$` is an operation, never a type or an id.
    if (name.startsWith(':') && /^[^$]/.test(segment)) parts[name.slice(1)] = segment;
    else if (name !== segment) return undefined;
  }
  return parts;
}
