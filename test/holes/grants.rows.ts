import type { Hole } from './hole.ts';

export const GRANTS: readonly Hole[] = [];
