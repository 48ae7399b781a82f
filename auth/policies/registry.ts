import { allow } from './allow.ts';
import { complex } from './complex.ts';
import { criteria } from './criteria.ts';
import type { PolicyEngine } from './engine.ts';
import { jsonSchema } from './json-schema.ts';
import { matcho } from './matcho.ts';

/** The policy engines. */
export const POLICY_ENGINES: readonly PolicyEngine[] = [allow, matcho, jsonSchema, complex, criteria];
