import type { Accounts } from '../../accounts/accounts.ts';
import type { Caller } from '../../accounts/guessing.ts';
import type { Parameters } from '../../endpoints/parameters.ts';
import type { Stored } from '../../stored.ts';
import type { Assertions } from '../assertions.ts';

/** What a client sent to prove who it is. */
export interface ClientCredentials {
  id: string;
  /** The secret, in every reading of what was sent; or the assertion. */
  secrets: string[];
}

/** The part of a request in which clients authenticate. */
export interface CredentialRequest {
  authorization: string | undefined;
  /** True where the value of Basic is taken without its scheme too, as a widespread example sends it. */
  schemeless?: boolean;
  parameters: Parameters;
}

/** What a method proves credentials with. */
export interface ProofContext {
  accounts: Accounts;
  assertions: Assertions;
  caller: Caller;
}

/** One way for a client to authenticate (RFC 6749 §2.3). */
export interface ClientMethod {
  /** Its name in the registry of the RFCs and in the metadata documents. */
  name: string;
  /** The algorithms of its signatures, where it has any. */
  signingAlgs?: readonly string[];
  /** True where the request tries this method. */
  isUsed(request: CredentialRequest): boolean;
  /** The credentials sent; undefined where they cannot be read. Throws `invalid_request` for a malformed request. */
  read(request: CredentialRequest): ClientCredentials | undefined;
  /**
   * True where the credentials are those of the account, which may be used; an unknown account is undefined.
   * Rejects with a `throttled` or `busy` Failure.
   */
  prove(context: ProofContext, credentials: ClientCredentials, account: Stored | undefined): Promise<boolean>;
  /** The account that the credentials have proven lately, where that is remembered. Rejects with `throttled`. */
  recall?(context: ProofContext, credentials: ClientCredentials): Promise<Stored | undefined>;
}
