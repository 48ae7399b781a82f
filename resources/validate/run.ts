import type { Issue, IssueCode } from '../errors.ts';
import type { Json, JsonObject } from '../json/value.ts';
import { Container } from './container.ts';

/** A check of one value, at the place where the run stands. */
export type Check = (value: Json, run: Run) => void;

/** The most issues that one answer lists: a body of a megabyte could hold half a million. */
export const MOST_ISSUES = 1000;

/** What stands for the issues that are not listed. */
export const MORE_ISSUES: Issue = {
  severity: 'information',
  code: 'informational',
  diagnostics: `There are more issues; these are the first ${MOST_ISSUES}.`,
};

/** One validation: where it stands, and what it has found. The place is written out only when there is an issue. */
export class Run {
  readonly issues: Issue[] = [];
  /** The way from the resource to where the run stands: names, and the indices of arrays. */
  readonly path: (string | number)[];
  /** What the definitions call this place, which the context of an extension may name: `Patient.contact`, `Element`. */
  contexts: readonly string[] = [];
  /** The resource in which the run stands: the contained one inside of such. */
  resource: JsonObject = {};
  /** The resource that may contain others, and be referred to by `#`. */
  container = new Container();

  constructor(root: string) {
    this.path = [root];
  }

  /** Notes a fault of the place where the run stands, or of an element below it. */
  report(code: IssueCode, diagnostics: string, below?: string): void {
    if (this.issues.length > MOST_ISSUES) return;
    const expression = below === undefined ? this.expression() : `${this.expression()}.${below}`;
    this.reportAt(expression, code, diagnostics);
  }

  /** Notes a fault of a place that was written out before. */
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

  /** The place as FHIRPath with indices: `Patient.name[0].given[1]`. */
  expression(): string {
    let text = '';
    for (const step of this.path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
    return text;
  }

  /** The name of the element where the run stands: `given` at `Patient.name[0].given[1]`. */
  element(): string {
    const name = this.path.findLast((step) => typeof step === 'string') ?? '';
    return String(name).replace(/\.ofType\(.*$/, '');
  }
}
