import { OAuthError } from '../../auth/errors.ts';
import { Failure } from '../../resources/errors.ts';

/** The code of the error that a function throws, or `undefined` where it throws none of ours. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof OAuthError || error instanceof Failure) return error.code;
    throw error;
  }
  return undefined;
}

/** As `codeOf`, of a promise. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof OAuthError || error instanceof Failure) return error.code;
    throw error;
  }
  return undefined;
}
