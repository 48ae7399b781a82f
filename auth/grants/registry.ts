import { authorizationCode } from './authorization-code.ts';
import { clientCredentials } from './client-credentials.ts';
import type { Grant } from './grant.ts';
import { password } from './password.ts';
import { refreshToken } from './refresh-token.ts';

/** The grants of the token endpoint. */
export const GRANTS: readonly Grant[] = [authorizationCode, clientCredentials, password, refreshToken];
