import { isIP } from 'node:net';
import type { Engine } from '../../resources/engine.ts';
import type { Registry } from '../../resources/registry.ts';
import { GRANTS } from '../grants/registry.ts';
import { findStored } from '../stored.ts';

/** Replaces a value that may be a misplaced secret. */
const REDACTED = '…';
const MOST_VALUES = 20;

const WORDS: ReadonlySet<string> = new Set(['true', 'false', ...GRANTS.map(({ name }) => name)]);

/**
 * Returns a search of Sessions as the audit records it: `user=User/ann&last-used=lt2026-01-01`. The search has been
 * run, so its parameters are known ones. Values are shown if they are dates, addresses or words of the server, or name
 * an existing resource.
 */
export async function redactedSearch(
  context: { engine: Engine; registry: Registry },
  parameters: readonly (readonly [name: string, value: string])[],
): Promise<string> {
  let told = 0;
  const texts: string[] = [];
  for (const [name, value] of parameters) {
    const parts: string[] = [];
    for (const part of value.split(',')) {
      told += 1;
      if (told <= MOST_VALUES) parts.push((await isPlain(context, name, part)) ? part : REDACTED);
    }
    if (parts.length > 0) texts.push(`${name}=${parts.join(',')}`);
  }
  return [...texts, ...(told > MOST_VALUES ? [REDACTED] : [])].join('&');
}

/** Returns true for a value that is known not to be a secret. */
async function isPlain(
  { engine, registry }: { engine: Engine; registry: Registry },
  name: string,
  value: string,
): Promise<boolean> {
  if (WORDS.has(value) || isIP(value) !== 0) return true;
  const [code = ''] = name.split(':', 1);
  const parameter = registry.searchParameters('Session')[code];
  if (parameter?.kind === 'date') return true;
  const type = code === '_id' || code === 'jti' ? 'Session' : parameter?.targets?.[0];
  if (type === undefined) return false;
  const id = value.startsWith(`${type}/`) ? value.slice(type.length + 1) : value;
  return (await findStored(engine, type, id)) !== undefined;
}
