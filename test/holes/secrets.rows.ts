import type { Hole } from './hole.ts';

export const SECRETS: readonly Hole[] = [];
