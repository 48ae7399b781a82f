import type { Accounts } from '../../accounts/accounts.ts';
import type { Caller } from '../../accounts/guessing.ts';
import type { Parameters } from '../../endpoints/parameters.ts';
import type { Stored } from '../../stored.ts';
import type { Assertions } from '../assertions.ts';

/** The credentials that a client sent. */
export interface ClientCredentials {
  id: string;
  /** The secret, in every possible decoding; or the assertion. */
  secrets: string[];
}

/** The part of a request that contains client credentials. */
export interface CredentialRequest {
  authorization: string | undefined;
  /** True if Basic credentials are also accepted without the scheme, as a widespread example sends them. */
  schemeless?: boolean;
  parameters: Parameters;
}

/** What methods check credentials with. */
export interface ProofContext {
  accounts: Accounts;
  assertions: Assertions;
  caller: Caller;
}

/** A client authentication method (RFC 6749 §2.3). */
export interface ClientMethod {
  /** Its name in the IANA registry and in the metadata documents. */
  name: string;
  /** The signing algorithms, if it uses signatures. */
  signingAlgs?: readonly string[];
  /** Returns true if the request uses this method. */
  isUsed(request: CredentialRequest): boolean;
  /** Returns the credentials; undefined if they cannot be decoded. Throws `invalid_request` for a malformed request. */
  read(request: CredentialRequest): ClientCredentials | undefined;
  /**
   * Returns true if the credentials belong to the account and it is active. The account is undefined if it is unknown.
   * Rejects with a `throttled` or `busy` Failure.
   */
  prove(context: ProofContext, credentials: ClientCredentials, account: Stored | undefined): Promise<boolean>;
  /** Returns the account if its credentials were proven recently and that is cached. Rejects with `throttled`. */
  recall?(context: ProofContext, credentials: ClientCredentials): Promise<Stored | undefined>;
}
