/** The comparison prefixes of ordered kinds (FHIR R4 §3.1.1.4.5). */
const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;

export type Prefix = (typeof PREFIXES)[number];

/** Splits `ge2020` into its prefix (default `eq`) and the rest. */
export function splitPrefix(text: string): [Prefix, string] {
  const prefix = PREFIXES.find((candidate) => text.startsWith(candidate));
  return prefix === undefined ? ['eq', text] : [prefix, text.slice(2)];
}
