import type { Hole } from './hole.ts';

export const SIGNING_IN: readonly Hole[] = [];
