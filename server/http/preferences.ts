import type { InteractionRequest } from '../interactions/interaction.ts';

/** The value of a preference of the `Prefer` header (RFC 7240): `handling`, `return`; undefined where there is none. */
export function prefers(
  { header }: Pick<InteractionRequest, 'header'>,
  name: 'handling' | 'return',
): string | undefined {
  const preference = new RegExp(`(?:^|[,;\\s])${name}\\s*=\\s*"?([\\w-]+)`, 'i');
  return preference.exec(header('Prefer') ?? '')?.[1];
}
