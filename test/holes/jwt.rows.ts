import { type Hole, hole } from './hole.ts';

export const JWT: readonly Hole[] = [
  hole('unknown crit', 'auth/presented.ts', "'x5c', 'crit'] as const", "'x5c'] as const"),
  hole('embedded jwk, jku, x5u', 'auth/presented.ts', "['jwk', 'jku', 'x5u', 'x5c', 'crit']", "['crit']"),
];
