import type { Clock } from '../../../resources/clock.ts';
import type { Engine } from '../../../resources/engine.ts';
import type { Registry } from '../../../resources/registry.ts';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Audit } from '../../audit/audit.ts';
import type { OAuthCode } from '../../errors.ts';
import type { Keys } from '../../keys/keys.ts';
import type { Content } from '../../pages/page.ts';
import type { Access } from '../../policies/access.ts';
import type { AuthSettings } from '../../settings.ts';
import type { Browsers, Login } from '../browsers.ts';
import type { AuthorizationRequest } from '../request.ts';

/** What is known of a request while a person is asked about it. */
export interface Interaction {
  request: AuthorizationRequest;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** The secret of the browser's cookie. */
  browser: string;
  /** The caller's IP address. */
  address: string;
  /** Since when the request waits, in milliseconds of the process. */
  since: number;
  login: Login | undefined;
  /** The id of the Patient that was chosen. */
  patient: string | undefined;
  agreed: boolean;
}

/** What steps work with. */
export interface StepContext {
  engine: Engine;
  registry: Registry;
  settings: AuthSettings;
  keys: Keys;
  accounts: Accounts;
  audit: Audit;
  access: Access;
  browsers: Browsers;
  clock: Clock;
}

/** What became of an answer: the interaction goes on, or the step asks again. */
export type Taken = { interaction: Interaction } | { again: Content };

/** Something that a person may have to be asked before a code is given. */
export interface Step {
  /** What its form says it answers. */
  name: string;
  /** What a client is told that forbade to ask (`prompt=none`, OpenID Connect Core §3.1.2.6). */
  unasked: OAuthCode;
  /** The interaction with what this step finds out by itself; undefined where the person has to be asked. */
  settle(context: StepContext, interaction: Interaction): Promise<Interaction | undefined>;
  /** The question. Its body stands in a form, which comes back to `take`. */
  ask(context: StepContext, interaction: Interaction): Promise<Content>;
  /** Takes what was sent: the fields of the form by their names. Throws an OAuthError for the client. */
  take(context: StepContext, interaction: Interaction, fields: ReadonlyMap<string, string>): Promise<Taken>;
}
