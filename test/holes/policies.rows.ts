import type { Hole } from './hole.ts';

export const POLICIES: readonly Hole[] = [];
