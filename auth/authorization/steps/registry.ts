import { choosePatient } from './choose-patient.ts';
import { consent } from './consent.ts';
import { signIn } from './sign-in.ts';
import type { Step } from './step.ts';

/** The steps before a code is issued, in order. */
export const STEPS: readonly Step[] = [signIn, choosePatient, consent];
