import type { Issue, IssueCode } from '../errors.ts';
import type { Json, JsonObject } from '../json/value.ts';
import { Container } from './container.ts';

/** A check of one value, at the current place of the run. */
export type Check = (value: Json, run: Run) => void;

/** Maximum number of issues in a response: a body of one megabyte could cause half a million. */
export const MOST_ISSUES = 1000;

/** Stands for the issues that are not listed. */
export const MORE_ISSUES: Issue = {
  severity: 'information',
  code: 'informational',
  diagnostics: `There are more issues; these are the first ${MOST_ISSUES}.`,
};

/** A validation run: its current place, and the issues so far. The place is rendered only for an issue. */
export class Run {
  readonly issues: Issue[] = [];
  /** The path from the resource to the current place: names and array indices. */
  readonly path: (string | number)[];
  /**
   * The names of the current place in the definitions, to which extension contexts refer: `Patient.contact`, `Element`.
   */
  contexts: readonly string[] = [];
  /** The resource around the current place; inside a contained resource, that one. */
  resource: JsonObject = {};
  /** The outer resource, which may contain others, and to which `#` refers. */
  container = new Container();

  constructor(root: string) {
    this.path = [root];
  }

  /** Adds an issue at the current place, or at an element below it. */
  report(code: IssueCode, diagnostics: string, below?: string): void {
    if (this.issues.length > MOST_ISSUES) return;
    const expression = below === undefined ? this.expression() : `${this.expression()}.${below}`;
    this.reportAt(expression, code, diagnostics);
  }

  /** Adds an issue at a place that was rendered before. */
  reportAt(expression: string, code: IssueCode, diagnostics: string): void {
    if (this.issues.length === MOST_ISSUES) this.issues.push(MORE_ISSUES);
    if (this.issues.length > MOST_ISSUES) return;
    this.issues.push({
      severity: 'error',
      code,
      diagnostics: `${expression} ${diagnostics}`,
      expression: [expression],
    });
  }

  /** Returns the current place as FHIRPath with indices: `Patient.name[0].given[1]`. */
  expression(): string {
    let text = '';
    for (const step of this.path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
    return text;
  }

  /** Returns the name of the current element: `given` at `Patient.name[0].given[1]`. */
  element(): string {
    const name = this.path.findLast((step) => typeof step === 'string') ?? '';
    return String(name).replace(/\.ofType\(.*$/, '');
  }
}
