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

/** The state of a request while a person is being asked. */
export interface Interaction {
  request: AuthorizationRequest;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** The secret of the browser's cookie. */
  browser: string;
  /** The caller's IP address. */
  address: string;
  /** When the request began to wait, in milliseconds of the process's monotonic clock. */
  since: number;
  login: Login | undefined;
  /** The id of the selected Patient. */
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

/** The result of an answer: the interaction continues, or the step asks again. */
export type Taken = { interaction: Interaction } | { again: Content };

/** A question that a person may have to answer before a code is issued. */
export interface Step {
  /** The name by which its form is recognised. */
  name: string;
  /** The error for a client that forbade any question (`prompt=none`, OpenID Connect Core §3.1.2.6). */
  unasked: OAuthCode;
  /** Returns the interaction, with what this step can find out by itself; undefined if the person must be asked. */
  settle(context: StepContext, interaction: Interaction): Promise<Interaction | undefined>;
  /** Returns the question. Its body is put into a form, whose fields are passed to `take`. */
  ask(context: StepContext, interaction: Interaction): Promise<Content>;
  /** Processes an answer: the form fields by name. Throws an OAuthError for the client. */
  take(context: StepContext, interaction: Interaction, fields: ReadonlyMap<string, string>): Promise<Taken>;
}
