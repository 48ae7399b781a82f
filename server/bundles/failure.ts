import { Failure, type Issue } from '../../resources/errors.ts';

/**
 * A failure inside of an entry as one of the Bundle: its places start at the Bundle (`Bundle.entry[2].resource.id`).
 * What is no Failure is given back as it is.
 */
export function inEntry(failure: unknown, place: string, type = ''): unknown {
  if (!(failure instanceof Failure)) return failure;
  const issues = failure.issues.map((issue): Issue => {
    const expression = (issue.expression ?? [place]).map((at) => placed(at, place, type));
    return { ...issue, expression };
  });
  return new Failure(failure.code, failure.message, {
    issues,
    headers: failure.headers,
    cause: failure.cause ?? failure,
    ...(failure.detail !== undefined && { detail: failure.detail }),
    ...(failure.retryAfter !== undefined && { retryAfter: failure.retryAfter }),
  });
}

function placed(at: string, place: string, type: string): string {
  if (at.startsWith('Bundle.')) return at;
  return type !== '' && (at === type || at.startsWith(`${type}.`))
    ? `${place}.resource${at.slice(type.length)}`
    : place;
}

/** Several failures as one: every issue where all are bodies that are not valid, else the first. */
export function together(failures: Failure[]): Failure | undefined {
  const [first] = failures;
  if (!first || failures.some(({ code }) => code !== 'invalid')) return failures.find(({ code }) => code !== 'invalid');
  return new Failure('invalid', first.message, { issues: failures.flatMap(({ issues }) => issues) });
}
