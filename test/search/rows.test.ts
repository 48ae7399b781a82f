/** The rows that a collector makes, against what is said of them one by one. */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { compareValues, edgeOf, type Numbered, RowCollector } from '../../resources/search/index/rows.ts';
import { HIGHEST, LOWEST } from '../../resources/search/index/tables.ts';
import { token } from '../../resources/search/kinds/token.ts';
import { runs } from '../harness/generated.ts';

const PARAMETERS: Numbered[] = [100, 200, 300].map((number) => {
  return { number, kind: token, variants: { 'of-type': number + 10, text: number + 20 } };
});

/** A row that is added: of which parameter and element, kept apart or not, and what it holds. */
interface Added {
  parameter: number;
  element: number;
  variant: 'of-type' | undefined;
  code: string;
}

const ADDED = fc.record<Added>({
  parameter: fc.nat(2),
  element: fc.oneof(fc.constant(0), fc.nat(120), fc.integer({ min: 400, max: 500 })),
  variant: fc.constantFrom(undefined, undefined, 'of-type'),
  code: fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.string({ maxLength: 2 })),
});

function collected(all: readonly Added[]): string[] {
  const collector = new RowCollector();
  for (const { parameter, element, variant, code } of all) {
    collector.turnTo(PARAMETERS[parameter] ?? { number: 0, kind: undefined, variants: {} }, element);
    collector.add([code, ''], variant);
  }
  const rows = [...(collector.rows.get('search_token') ?? [])];
  expect(rows.every((row) => row.length === 5 && row[4] === 0)).to.equal(true);
  return rows.map((row) => JSON.stringify([row[0], row[1], edgeOf(row)])).sort();
}

/** The same without any haste. Rows of a parameter are plain, or a composite's: which, its first row says. */
function expected(all: readonly Added[]): string[] {
  const told = all.filter(({ variant, element }) => variant === undefined || element === 0);
  const groupOf = (element: number) => Math.min(Math.floor(Math.max(element - 1, 0) / 51), 7);
  const paramOf = ({ parameter, variant, element }: Added) =>
    100 * (parameter + 1) + (variant ? 10 : 0) - groupOf(element);
  return [...new Set(told.map(paramOf))].flatMap((param) => {
    const own = told.filter((each) => paramOf(each) === param);
    const sorted = own[0]?.variant === undefined && own[0]?.element === 0;
    const codes = [...new Set(own.map(({ code }) => code))];
    const lowest = codes.reduce((least, code) => (compareValues(code, least) < 0 ? code : least), codes[0] ?? '');
    const highest = codes.reduce((most, code) => (compareValues(code, most) > 0 ? code : most), codes[0] ?? '');
    return codes.map((code) => {
      const elements = own.filter((each) => each.code === code && each.element > 0 && each.variant === undefined);
      const bits = new Set(elements.map(({ element }) => (element - 1) % 51));
      const edge = (code === lowest ? LOWEST : 0) + (code === highest ? HIGHEST : 0);
      return JSON.stringify([param, code, [...bits].reduce((sum, bit) => sum + 2 ** (bit + 2), sorted ? edge : 0)]);
    });
  });
}

/** A parameter is a composite's part in all of its rows, or in none. */
function consistent(all: readonly Added[]): Added[] {
  const first = new Map<number, boolean>();
  return all.map((each) => {
    const plain = first.get(each.parameter) ?? each.element === 0;
    first.set(each.parameter, plain);
    return { ...each, element: plain ? 0 : Math.max(1, each.element) };
  });
}

describe('Index rows as they are collected', () => {
  it('are each there once, with the edges and the elements that they were added for', () => {
    fc.assert(
      fc.property(fc.array(ADDED, { maxLength: 80 }), (all) => {
        const added = consistent(all);
        expect(collected(added)).to.deep.equal(expected(added).sort());
      }),
      runs(500),
    );
  });

  it('cost as much where those of several numbers stand in between', () => {
    const collector = new RowCollector();
    const [parameter] = PARAMETERS;
    if (parameter) collector.turnTo(parameter);
    const rows = 60_000;
    collector.add(['first', '']);
    for (let at = 0; at < rows; at += 1) collector.add([`apart-${at}`, ''], 'of-type');
    const began = process.cpuUsage();
    for (let at = 0; at < rows; at += 1) collector.add(['again', '']);
    expect(process.cpuUsage(began).user / 1000, 'milliseconds').to.be.below(2000);
    expect(collector.rows.get('search_token')).to.have.length(rows + 2);
  });
});
