import type { SearchKindName } from '../../definition.ts';
import { date } from './date.ts';
import type { SearchKind } from './kind.ts';
import { number } from './number.ts';
import { position } from './position.ts';
import { quantity } from './quantity.ts';
import { reference } from './reference.ts';
import { string } from './string.ts';
import { token } from './token.ts';
import { uri } from './uri.ts';

/** All search kinds that apply to one value. Composites consist of these. */
export const KINDS: Partial<Record<SearchKindName, SearchKind>> = {
  string,
  token,
  date,
  reference,
  number,
  quantity,
  uri,
  special: position,
};
