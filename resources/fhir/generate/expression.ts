/**
 * Search parameters define what they read in FHIRPath (https://hl7.org/fhir/R4/search.html#3.1.1.5.1). They use a small
 * part of that language, which is compiled to lists of steps here; anything else is refused.
 */
import type { PathStep } from '../../definition.ts';

const TOKEN = /\s*(%?[A-Za-z_][A-Za-z0-9_]*|'[^']*'|\d+|!=|[().|[\]=])/y;

export interface CompiledExpression {
  paths: PathStep[][];
  transform?: 'exists';
}

/** Compiles an expression, whose first step may be a type name. Throws if it uses unsupported syntax. */
export function compileExpression(expression: string): CompiledExpression {
  const present = /^(\S+)\.exists\(\) and \1 != false$/.exec(expression);
  if (present?.[1] !== undefined) return { paths: new Parser(present[1]).all(), transform: 'exists' };
  return { paths: new Parser(expression).all() };
}

class Parser {
  readonly #text: string;
  #tokens: string[] = [];

  constructor(text: string) {
    this.#text = text;
    TOKEN.lastIndex = 0;
    let end = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
      this.#tokens.push(match[1] ?? '');
      end = TOKEN.lastIndex;
    }
    if (text.slice(end).trim() !== '') this.#fail(`what is ${text.slice(end)}`);
  }

  all(): PathStep[][] {
    const paths = this.#union();
    if (this.#tokens.length > 0) this.#fail(`unexpected ${this.#tokens[0]}`);
    return paths;
  }

  #union(): PathStep[][] {
    const paths = this.#term();
    while (this.#accept('|')) paths.push(...this.#term());
    return paths;
  }

  #term(): PathStep[][] {
    let paths: PathStep[][];
    if (this.#accept('(')) {
      paths = this.#union();
      this.#expect(')');
    } else {
      paths = [[this.#name()]];
    }
    for (;;) {
      const step = this.#step();
      if (step === undefined) return paths;
      paths = paths.map((path) => [...path, step]);
    }
  }

  #step(): PathStep | undefined {
    if (this.#accept('[')) {
      const at = Number(this.#next());
      this.#expect(']');
      return { at };
    }
    if (this.#accept('as')) return { as: this.#name() };
    if (!this.#accept('.')) return undefined;
    const name = this.#name();
    if (!this.#accept('(')) return name;
    const step =
      name === 'where' ? this.#filter() : name === 'as' || name === 'ofType' ? { as: this.#name() } : undefined;
    if (step === undefined) this.#fail(`unknown function ${name}`);
    this.#expect(')');
    return step;
  }

  #filter(): PathStep {
    const name = this.#name();
    if (name !== 'resolve') {
      this.#expect('=');
      return { where: { [name]: this.#literal() } };
    }
    for (const token of ['(', ')', 'is']) this.#expect(token);
    return { resolvesTo: this.#name() };
  }

  #literal(): string {
    const token = this.#next();
    if (!token.startsWith("'")) this.#fail(`expected a text, not ${token}`);
    return token.slice(1, -1);
  }

  #name(): string {
    const token = this.#next();
    if (!/^%?[A-Za-z]/.test(token)) this.#fail(`expected a name, not ${token}`);
    return token;
  }

  #next(): string {
    return this.#tokens.shift() ?? this.#fail('it ends too early');
  }

  #accept(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail(`expected ${token}, not ${this.#tokens[0]}`);
  }

  #fail(reason: string): never {
    throw new Error(`Cannot compile the expression ${this.#text}: ${reason}`);
  }
}
