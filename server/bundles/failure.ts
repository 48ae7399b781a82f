import { Failure, type Issue } from '../../resources/errors.ts';
import { MORE_ISSUES, MOST_ISSUES } from '../../resources/validate/run.ts';

/**
 * Returns a failure of an entry with expressions that start at the Bundle (`Bundle.entry[2].resource.id`).
 * Other errors are returned unchanged.
 */
export function inEntry(failure: unknown, place: string, type = ''): unknown {
  if (!(failure instanceof Failure)) return failure;
  const issues = failure.issues.map((issue): Issue => {
    const expression = (issue.expression ?? [place]).map((at) => placed(at, place, type));
    return { ...issue, expression };
  });
  return withIssues(failure, issues);
}

function withIssues(failure: Failure, issues: Issue[]): Failure {
  return new Failure(failure.code, failure.message, {
    issues,
    headers: failure.headers,
    cause: failure.cause ?? failure,
    ...(failure.detail !== undefined && { detail: failure.detail }),
    ...(failure.retryAfter !== undefined && { retryAfter: failure.retryAfter }),
  });
}

/** Limits the issues listed in one response: once they are used up, each failed entry lists only its first issue. */
export class IssueLimit {
  #left = MOST_ISSUES;

  /** Returns the failure with the issues to list. */
  tell(failure: Failure): Failure {
    const [first, ...others] = failure.issues;
    this.#left -= others.length;
    if (this.#left >= 0 || first === undefined || others.length === 0) return failure;
    return withIssues(failure, [first, MORE_ISSUES]);
  }
}

function placed(at: string, place: string, type: string): string {
  if (at.startsWith('Bundle.')) return at;
  return type !== '' && (at === type || at.startsWith(`${type}.`))
    ? `${place}.resource${at.slice(type.length)}`
    : place;
}

/** Combines failures into one: all issues if every failure is an invalid body, otherwise the first other failure. */
export function together(failures: Failure[]): Failure | undefined {
  const [first] = failures;
  if (!first || failures.some(({ code }) => code !== 'invalid')) return failures.find(({ code }) => code !== 'invalid');
  const issues = failures.flatMap((failure) => failure.issues).filter(({ severity }) => severity === 'error');
  const listed = issues.length > MOST_ISSUES ? [...issues.slice(0, MOST_ISSUES), MORE_ISSUES] : issues;
  return new Failure('invalid', first.message, { issues: listed });
}
