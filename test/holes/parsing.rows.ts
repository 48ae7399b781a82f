import type { Hole } from './hole.ts';

export const PARSING: readonly Hole[] = [];
