import type { PolicyEngine } from './engine.ts';

/** Permits every request. */
export const allow: PolicyEngine = { name: 'allow', elements: [], compile: () => () => true };
