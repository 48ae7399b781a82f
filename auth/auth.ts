import type { JWK } from 'jose';
import type { Clock, RandomBytes } from '../resources/clock.ts';
import type { Engine } from '../resources/engine.ts';
import type { Registry } from '../resources/registry.ts';
import { createAccounts } from './accounts/accounts.ts';
import { createGuessRecords } from './accounts/guess-records.ts';
import { createGuessing } from './accounts/guessing.ts';
import type { Passwords } from './accounts/passwords.ts';
import { type Audit, createAudit, NO_AUDIT } from './audit/audit.ts';
import { type Authentication, createAuthentication } from './authenticate.ts';
import { createBrowsers } from './authorization/browsers.ts';
import type { Chore } from './chore.ts';
import { type AllowedOrigins, createAllowedOrigins } from './clients/allowed-origins.ts';
import { createAssertions } from './clients/assertions.ts';
import { createClientAuthentication } from './clients/client-auth.ts';
import { createClientKeys } from './clients/client-keys.ts';
import { createFetchKeys } from './clients/fetch-keys.ts';
import { createKnownClients } from './clients/known-clients.ts';
import { authorizeEndpoint } from './endpoints/authorize.ts';
import type { BrowserEndpoint } from './endpoints/browser-exchange.ts';
import { closeSessionEndpoint } from './endpoints/close-session.ts';
import type { Endpoint } from './endpoints/exchange.ts';
import { INTROSPECT, introspectEndpoint } from './endpoints/introspect.ts';
import { logoutEndpoint } from './endpoints/logout.ts';
import { metadataEndpoints } from './endpoints/metadata.ts';
import { auditingRefusals } from './endpoints/refusals.ts';
import { REVOKE, revokeEndpoint } from './endpoints/revoke.ts';
import { tokenEndpoint } from './endpoints/token.ts';
import { userinfoEndpoint } from './endpoints/userinfo.ts';
import { type Keys, openKeys } from './keys/keys.ts';
import type { Seal } from './keys/sealing.ts';
import { type Access, createAccess } from './policies/access.ts';
import { createPolicies } from './policies/policies.ts';
import { createCoalescing } from './sessions/coalescing.ts';
import { createLastUses, type LastUses } from './sessions/last-use.ts';
import { keptEvents, keptSessions, sweep } from './sessions/retention.ts';
import { finishCutOffs } from './sessions/revocation.ts';
import type { AuthSettings } from './settings.ts';
import { createIssuedTokens } from './tokens/issued-tokens.ts';
import { createLiveTokens } from './tokens/live-tokens.ts';
import { createPresentedTokens } from './tokens/presented.ts';

export interface AuthOptions {
  engine: Engine;
  registry: Registry;
  settings: AuthSettings;
  /** The same hasher as the engine's, so that both share one queue. */
  passwords: Passwords;
  /** Encrypts the server's own keys at rest. */
  seal: Seal;
  clock: Clock;
  random: RandomBytes;
  /** A signing key that is already being generated, used if none is stored. */
  generatedKey?: Promise<JWK>;
  /** Reports a problem to the operator. */
  report(problem: string): void;
}

/** The auth module: who makes a request, what they may do, and the OAuth endpoints. */
export interface Auth {
  authentication: Authentication;
  access: Access;
  /** Endpoints for people: they answer with HTML pages. */
  pages: { authorize: BrowserEndpoint; logout: BrowserEndpoint };
  audit: Audit;
  /** Rotation of the signing key. */
  keys: Pick<Keys, 'rotate'>;
  /** The origins from which scripts may read responses (CORS). */
  origins: AllowedOrigins;
  /** Periodic background work. */
  chores: Chore[];
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

/** Composes the auth module on an engine whose tables exist. Creates missing server keys. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { engine, registry, settings, passwords, seal, clock, random, generatedKey, report } = options;
  const { signingAlg: alg } = settings;
  const keys = await openKeys({ engine, seal, clock, random, alg, generated: generatedKey, report });
  const presented = createPresentedTokens({ keys, issuer: settings.baseUrl, clock });
  const liveTokens = createLiveTokens({ engine, clock });
  const lastUses = createLastUses({ engine, clock });
  const audit =
    settings.auditRetention === 0 ? NO_AUDIT : createAudit({ engine, clock, site: settings.baseUrl, report });
  const guessing = createGuessing({ clock, records: createGuessRecords({ engine, clock, report }) });
  const accounts = createAccounts({ engine, passwords, guessing, knownClients: createKnownClients(engine) });
  const fetchKeys = createFetchKeys({ private: settings.privateJwksUris, report });
  const assertions = createAssertions({
    engine,
    keys: createClientKeys({ fetchKeys, clock }),
    audiences: [settings.baseUrl, `${settings.baseUrl}/auth/token`],
    clock,
  });
  const clients = createClientAuthentication({ engine, accounts, assertions });
  const authentication = createAuthentication({ settings, presented, liveTokens, lastUses, clients });
  const context = { registry, base: settings.baseUrl, clock };
  const access = createAccess({ engine, policies: createPolicies({ ...context, engine, report }), ...context });
  const issued = createIssuedTokens({ engine, presented, liveTokens });
  const sessions = { engine, keys, liveTokens, settings, clock, random };
  const browsers = createBrowsers({ engine, baseUrl: settings.baseUrl, clock, random });
  return {
    authentication,
    access,
    pages: {
      authorize: authorizeEndpoint({ ...sessions, registry, accounts, audit, access, browsers }),
      logout: logoutEndpoint({ keys, browsers }),
    },
    audit,
    keys,
    origins: createAllowedOrigins(engine),
    chores: choresOf(options, audit, lastUses),
    endpoints: {
      token: tokenEndpoint(
        { engine, accounts, presented, sessions, audit, coalescing: createCoalescing() },
        clients,
        clock,
      ),
      revoke: auditingRefusals(audit, REVOKE, revokeEndpoint({ engine, settings, clients, issued, audit })),
      introspect: auditingRefusals(
        audit,
        INTROSPECT,
        introspectEndpoint({ clock, settings, clients, issued, access, audit }),
      ),
      userinfo: userinfoEndpoint(authentication, settings),
      closeSession: closeSessionEndpoint(engine, authentication),
      wellKnown: metadataEndpoints(settings, keys),
    },
  };
}

function choresOf({ engine, registry, clock, settings }: AuthOptions, audit: Audit, lastUses: LastUses): Chore[] {
  const { sessionRetention, auditRetention } = settings;
  const context = { engine, registry, clock };
  return [
    { name: 'Recording the last use of Sessions', seconds: 60, atStop: true, run: () => lastUses.flush() },
    { name: 'Writing AuditEvents', seconds: 10, atStop: true, run: () => audit.flush() },
    finishCutOffs(context),
    sweep(context, keptSessions(sessionRetention)),
    ...(auditRetention === 0 ? [] : [sweep(context, keptEvents(auditRetention))]),
  ];
}
