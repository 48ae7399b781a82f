import type { Hole } from './hole.ts';

export const AUDIT: readonly Hole[] = [];
