import type { PolicyEngine } from './engine.ts';

/** Always says yes. */
export const allow: PolicyEngine = { name: 'allow', elements: [], compile: () => () => true };
