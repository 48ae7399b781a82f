import type { InteractionRequest } from '../interactions/interaction.ts';

/** Returns the value of a preference in the `Prefer` header (RFC 7240); undefined if it is not set. */
export function prefers(
  { header }: Pick<InteractionRequest, 'header'>,
  name: 'handling' | 'return',
): string | undefined {
  const preference = new RegExp(`(?:^|[,;\\s])${name}\\s*=\\s*"?([\\w-]+)`, 'i');
  return preference.exec(header('Prefer') ?? '')?.[1];
}
