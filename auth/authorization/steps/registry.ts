import { choosePatient } from './choose-patient.ts';
import { consent } from './consent.ts';
import { signIn } from './sign-in.ts';
import type { Step } from './step.ts';

/** What has to be settled before a code is given, in this order. */
export const STEPS: readonly Step[] = [signIn, choosePatient, consent];
