import { Failure } from '../../resources/errors.ts';

/** The public face of the Failure that a call throws; anything else it throws goes on. */
export function refusal(call: () => unknown): { status: number; issue: string | undefined; message: string } {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { status: error.status, issue: error.issues[0]?.code, message: error.message };
  }
  throw new Error(`Not refused: ${String(result)}`);
}
