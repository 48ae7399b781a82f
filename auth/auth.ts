import type { JWK } from 'jose';
import type { Clock, RandomBytes } from '../resources/clock.ts';
import type { Engine } from '../resources/engine.ts';
import type { Registry } from '../resources/registry.ts';
import { type Access, createAccess } from './access.ts';
import { createAccounts } from './accounts.ts';
import { createAssertions } from './assertions.ts';
import { type Authentication, createAuthentication } from './authenticate.ts';
import { createBrowsers } from './authorization/browsers.ts';
import { createClientAuthentication } from './client-auth.ts';
import { createClientKeys } from './client-keys.ts';
import { authorizeEndpoint, type BrowserEndpoint } from './endpoints/authorize.ts';
import { closeSessionEndpoint } from './endpoints/close-session.ts';
import type { Endpoint } from './endpoints/exchange.ts';
import { introspectEndpoint } from './endpoints/introspect.ts';
import { metadataEndpoints } from './endpoints/metadata.ts';
import { revokeEndpoint } from './endpoints/revoke.ts';
import { tokenEndpoint } from './endpoints/token.ts';
import { userinfoEndpoint } from './endpoints/userinfo.ts';
import { createFetchKeys } from './fetch-keys.ts';
import { createGuessRecords } from './guess-records.ts';
import { createGuessing } from './guessing.ts';
import { createIssuedTokens } from './issued-tokens.ts';
import { openKeys } from './keys.ts';
import { createLiveTokens } from './live-tokens.ts';
import type { Passwords } from './passwords.ts';
import { createPolicies } from './policies/policies.ts';
import { createPresentedTokens } from './presented.ts';
import type { Seal } from './sealing.ts';
import type { AuthSettings } from './settings.ts';
import { createSimultaneous } from './simultaneous.ts';

export interface AuthOptions {
  engine: Engine;
  registry: Registry;
  settings: AuthSettings;
  /** The hasher that the engine was given, so that both share one queue. */
  passwords: Passwords;
  /** What the server's own keys are stored with. */
  seal: Seal;
  clock: Clock;
  random: RandomBytes;
  /** A signing key that is already being made, in case none is stored. */
  generatedKey?: Promise<JWK>;
  /** Told what an operator should know. */
  report(problem: string): void;
}

/** The auth module: who makes a request, what they may do, and the endpoints of OAuth. */
export interface Auth {
  authentication: Authentication;
  access: Access;
  /** For people: it answers with pages. */
  authorize: BrowserEndpoint;
  endpoints: {
    token: Endpoint;
    revoke: Endpoint;
    introspect: Endpoint;
    userinfo: Endpoint;
    /** `DELETE /Session` without a query. */
    closeSession: Endpoint;
    /** By the name below `/.well-known/`. */
    wellKnown: Record<string, Endpoint>;
  };
}

/** Puts the auth module together over an engine whose tables exist; makes the server's keys where they are missing. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { engine, registry, settings, passwords, seal, clock, random, generatedKey, report } = options;
  const { signingAlg: alg } = settings;
  const keys = await openKeys({ engine, seal, clock, random, alg, generated: generatedKey, report });
  const presented = createPresentedTokens({ keys, issuer: settings.baseUrl, clock });
  const liveTokens = createLiveTokens({ engine, clock });
  const guessing = createGuessing({ clock, records: createGuessRecords({ engine, clock, report }) });
  const accounts = createAccounts({ engine, passwords, guessing });
  const fetchKeys = createFetchKeys({ private: settings.privateJwksUris === true, report });
  const assertions = createAssertions({
    engine,
    keys: createClientKeys({ fetchKeys, clock }),
    audiences: [settings.baseUrl, `${settings.baseUrl}/auth/token`],
    clock,
  });
  const clients = createClientAuthentication({ engine, accounts, assertions });
  const authentication = createAuthentication({ settings, presented, liveTokens, clients });
  const context = { registry, base: settings.baseUrl, clock };
  const access = createAccess({ engine, policies: createPolicies({ ...context, engine, report }), ...context });
  const issued = createIssuedTokens({ engine, presented, liveTokens });
  const sessions = { engine, keys, liveTokens, settings, random };
  return {
    authentication,
    access,
    authorize: authorizeEndpoint({
      engine,
      registry,
      settings,
      keys,
      accounts,
      access,
      browsers: createBrowsers({ engine, baseUrl: settings.baseUrl, clock, random }),
      clock,
      random,
    }),
    endpoints: {
      token: tokenEndpoint(
        { engine, accounts, presented, sessions, simultaneous: createSimultaneous() },
        clients,
        clock,
      ),
      revoke: revokeEndpoint({ engine, settings, clients, issued }),
      introspect: introspectEndpoint({ engine, clock, settings, clients, issued, access }),
      userinfo: userinfoEndpoint(authentication),
      closeSession: closeSessionEndpoint(engine, authentication),
      wellKnown: metadataEndpoints(settings, keys),
    },
  };
}
