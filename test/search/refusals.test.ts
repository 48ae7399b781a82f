/** What is not understood is refused before a database is asked, and the answer says what is right. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Failure, type FailureCode } from '../../resources/errors.ts';
import { createRegistry } from '../../resources/registry.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import { OPTIONS, pairs } from './library.ts';

const registry = createRegistry(['Patient', 'Observation']);

function failure(type: string, query: string): Failure {
  try {
    parseSearch(registry, type, pairs(query), OPTIONS);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${query} was understood`);
}

const NO_TYPE_HAS_FOO =
  /^general-practitioner refers to .*Practitioner.*, none of which has .* "foo"\. .*: general-practitioner:/;

const REFUSED: [query: string, code: FailureCode, message: RegExp][] = [
  [
    'shoe-size=44',
    'unknown-parameter',
    /Patient has no search parameter "shoe-size". It has: _id, _lastUpdated, .*birthdate/,
  ],
  ['__proto__=1', 'unknown-parameter', /no search parameter/],
  ['constructor=1', 'unknown-parameter', /no search parameter/],
  ['toString:missing=true', 'unknown-parameter', /no search parameter/],
  ['name:fuzzy=a', 'unknown-parameter', /name has no modifier "fuzzy". It has: :missing, :exact, :contains/],
  ['birthdate:exact=2020', 'unknown-parameter', /birthdate has no modifier/],
  ['organization:Shoe=1', 'unknown-parameter', /organization has no modifier "Shoe"/],
  ['_id:exact=a', 'unknown-parameter', /_id has no modifier/],
  ['_sort=shoe-size', 'unknown-parameter', /no search parameter "shoe-size"/],
  ['_sort=name,family,given,birthdate,gender,phone', 'parameter', /_sort can have at most 5/],
  ['name:missing=maybe', 'parameter', /name:missing must be true or false/],
  ['identifier=a|b|c', 'parameter', /identifier must be system\|code/],
  ['identifier=|', 'parameter', /identifier must have a code/],
  ['identifier:of-type=a|b', 'parameter', /system\|code\|value/],
  ['identifier:of-type=|b|c', 'parameter', /system\|code\|value/],
  ['birthdate=soon', 'parameter', /birthdate must be a date/],
  ['organization:Organization=Patient/1', 'parameter', /must be an id or Organization\/id/],
  ['name= ̀', 'parameter', /must have some text/],
  ['_count=-1', 'parameter', /_count must be a whole number/],
  ['_count=many', 'parameter', /_count/],
  ['_total=all', 'parameter', /_total must be one of none, estimate, accurate/],
  ['_summary=yes', 'parameter', /_summary/],
  ['_elements=shoe', 'parameter', /Patient has no element "shoe"/],
  ['_cursor=abc', 'parameter', /_cursor is not valid/],
  ['_include:recurse=Patient:link', 'unknown-parameter', /^_include has no modifier "recurse"\. It has: :iterate\.$/],
  [
    '_revinclude:recurse=Patient:link',
    'unknown-parameter',
    /^_revinclude has no modifier "recurse"\. It has: :iterate/,
  ],
  ['_count:exact=1', 'unknown-parameter', /^_count has no modifiers, so "exact" is not supported\.$/],
  ['general-practitioner.foo=x', 'unknown-parameter', NO_TYPE_HAS_FOO],
  ['general-practitioner:Practitioner.foo=x', 'unknown-parameter', /^Practitioner has no search parameter "foo"/],
  ['organization.foo=x', 'unknown-parameter', /^Organization has no search parameter "foo"/],
  ['_include=organization', 'parameter', /must be Type:parameter/],
  ['_include=Patient:shoe', 'unknown-parameter', /Patient has no search parameter "shoe"/],
  ['_include=Shoe:size', 'parameter', /Shoe/],
  ['general-practitioner.name:fuzzy=x', 'unknown-parameter', /name/],
  ['name.family=x', 'parameter', /only a reference parameter can be followed/],
  ['_has:Observation:patient=x', 'parameter', /_has:Type:reference:parameter/],
  ['_has:Shoe:patient:code=x', 'parameter', /Shoe/],
  [`identifier=${Array.from({ length: 501 }, (_, index) => index).join(',')}`, 'parameter', /at most 500 values/],
  [`identifier=${'x'.repeat(2001)}`, 'parameter', /at most 2000 characters/],
  [Array.from({ length: 101 }, () => 'name=a').join('&'), 'parameter', /at most 100 parameters/],
  [`${'link:Patient.'.repeat(6)}name=x`, 'parameter', /a chain can have at most/],
];

describe('Search parameters that are refused', () => {
  for (const [query, code, message] of REFUSED) {
    it(query.slice(0, 60), () => {
      const { code: given, message: said } = failure('Patient', query);
      expect(given).to.equal(code);
      expect(said).to.match(message);
    });
  }

  it('a type that there is not', () => {
    expect(failure('Shoe', 'name=a').code).to.equal('parameter');
  });

  it('lenient handling passes over what is unknown, and says so', () => {
    const query = pairs('shoe=1&name:fuzzy=a&name=b&_sort=shoe');
    const { criteria, warnings, understood } = parseSearch(registry, 'Patient', query, { ...OPTIONS, lenient: true });
    expect(criteria).to.have.length(1);
    expect(understood).to.deep.equal([['name', 'b']]);
    expect(warnings).to.have.length(3);
    expect(() => parseSearch(registry, 'Patient', pairs('birthdate=x'), { ...OPTIONS, lenient: true })).to.throw(
      Failure,
    );
  });

  it('searching or sorting by a secret, a hash or a dotted sub-field', () => {
    for (const type of ['User', 'Client']) {
      for (const query of [
        'password=x',
        'secret=x',
        'secret.hash=x',
        '_sort=password',
        '_sort=secret',
        'password:missing=true',
        'auth.password=x',
      ]) {
        expect(failure(type, query).status, query).to.equal(400);
      }
    }
  });

  it('a declaration that would search by a secret', () => {
    const definition = {
      name: 'Vault',
      kind: 'resource' as const,
      elements: { pin: { type: 'string' } },
      search: { pin: { kind: 'token' as const, paths: [['pin']] } },
      secrets: ['pin'],
    };
    const definitions = { names: () => ['Vault'], resource: () => definition, datatype: () => undefined };
    expect(() => parseSearch(definitions, 'Vault', [], OPTIONS)).to.throw('Vault.pin would search by the secret pin');
  });
});
