/**
 * All failures of resource requests: maps each failure code to its HTTP status and FHIR issue type
 * (https://hl7.org/fhir/R4/valueset-issue-type.html). No call site states a status.
 */
export const FAILURES = {
  malformed: { status: 400, issue: 'structure' },
  parameter: { status: 400, issue: 'invalid' },
  'unknown-parameter': { status: 400, issue: 'not-supported' },
  unauthenticated: { status: 401, issue: 'login' },
  forbidden: { status: 403, issue: 'forbidden' },
  'not-found': { status: 404, issue: 'not-found' },
  'unknown-type': { status: 404, issue: 'not-supported' },
  'method-not-allowed': { status: 405, issue: 'not-supported' },
  'not-acceptable': { status: 406, issue: 'not-supported' },
  duplicate: { status: 409, issue: 'duplicate' },
  gone: { status: 410, issue: 'deleted' },
  precondition: { status: 412, issue: 'conflict' },
  'multiple-matches': { status: 412, issue: 'multiple-matches' },
  'too-large': { status: 413, issue: 'too-long' },
  'media-type': { status: 415, issue: 'not-supported' },
  invalid: { status: 422, issue: 'invalid' },
  'business-rule': { status: 422, issue: 'business-rule' },
  'too-costly': { status: 422, issue: 'too-costly' },
  throttled: { status: 429, issue: 'throttled' },
  internal: { status: 500, issue: 'exception' },
  busy: { status: 503, issue: 'transient' },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** The issue types that Ward returns. */
export type IssueCode =
  | (typeof FAILURES)[FailureCode]['issue']
  | 'required'
  | 'value'
  | 'invariant'
  | 'code-invalid'
  | 'extension'
  | 'suppressed'
  | 'informational';

/** An issue of an OperationOutcome. `expression` is FHIRPath with indices: `Patient.name[0].given[1]`. */
export interface Issue {
  severity: 'error' | 'warning' | 'information';
  code: IssueCode;
  diagnostics: string;
  expression?: string[];
}

export interface FailureOptions {
  /** FHIRPath of the place, if there is one. */
  expression?: string;
  /** All issues; default: one issue made from the code and the message. */
  issues?: Issue[];
  /** Detail for the log that the caller must not see. */
  detail?: string;
  /** Seconds until a retry makes sense; sent as `Retry-After`. */
  retryAfter?: number;
  /** Further response headers: `WWW-Authenticate`, `Allow`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** A failure with a public message that names the place and the remedy. Any other error becomes a 500. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly issues: Issue[];
  readonly detail: string | undefined;
  readonly retryAfter: number | undefined;
  readonly headers: Record<string, string>;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.detail = options.detail;
    this.retryAfter = options.retryAfter;
    this.headers = options.headers ?? {};
    this.issues = options.issues ?? [
      {
        severity: 'error',
        code: FAILURES[code].issue,
        diagnostics: message,
        ...(options.expression === undefined ? {} : { expression: [options.expression] }),
      },
    ];
  }

  get status(): number {
    return FAILURES[this.code].status;
  }
}
