import type { Parameters } from '../parameters.ts';

/** What a client sent to prove who it is. */
export interface ClientCredentials {
  id: string;
  /** The secret, in every reading of what was sent. */
  secrets: string[];
}

/** One way for a client to authenticate (RFC 6749 §2.3). */
export interface ClientMethod {
  /** Its name in the registry of the RFCs and in the metadata documents. */
  name: string;
  /** True where the request tries this method. */
  isUsed(request: { authorization: string | undefined; parameters: Parameters }): boolean;
  /** The credentials sent; undefined where they cannot be read. */
  read(request: { authorization: string | undefined; parameters: Parameters }): ClientCredentials | undefined;
}
