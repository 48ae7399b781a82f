/** Patients that can be read and break a rule of their type: 422, with the place. */
import { bodies, type Row } from './row.ts';

const SCRIPT = '<div xmlns="http://www.w3.org/1999/xhtml"><script>x()</script></div>';
const PUT = ['PUT', '/Patient/x'] as const;
type Bad = [name: string, request: { json: object }, status: number, code: string, expression: string];
const bad = (name: string, body: object, code: string, expression: string): Bad => {
  return [name, { json: body }, 422, code, `Patient.${expression}`];
};

export const STRUCTURE: Row[] = [
  ...bodies('an unknown element', ...PUT, [
    bad('at the top', { foo: 1 }, 'structure', 'foo'),
    bad('in another case', { BirthDate: '1970-01-01' }, 'structure', 'BirthDate'),
    bad('below', { name: [{ familie: 'A' }] }, 'structure', 'name[0].familie'),
    bad('in the second of a list', { name: [{ family: 'A' }, { familie: 'A' }] }, 'structure', 'name[1].familie'),
    bad('deeper', { contact: [{ name: { foo: 'A' } }] }, 'structure', 'contact[0].name.foo'),
    bad('a choice without its type', { deceased: true }, 'structure', 'deceased'),
    bad('a type that the choice does not have', { deceasedString: 'yes' }, 'structure', 'deceased'),
    bad('of Object', { constructor: { prototype: {} } }, 'structure', 'constructor'),
    bad('of another type', { secret: 'x' }, 'structure', 'secret'),
    bad('with a long name', { ['k'.repeat(50)]: 1 }, 'structure', 'k'.repeat(50)),
  ]),
  ...bodies('one for many, many for one', ...PUT, [
    bad('an object for a list', { name: { family: 'A' } }, 'structure', 'name'),
    bad('text for a list', { name: 'A' }, 'structure', 'name'),
    bad('a list for text', { name: [{ family: ['A'] }] }, 'value', 'name[0].family'),
    bad('a list for an object', { maritalStatus: [{ text: 'A' }] }, 'structure', 'maritalStatus'),
    bad('text for an object', { maritalStatus: 'M' }, 'structure', 'maritalStatus'),
    bad('text in a list of objects', { name: ['A'] }, 'structure', 'name[0]'),
    bad('an object for text', { name: [{ family: { a: 'b' } }] }, 'value', 'name[0].family'),
    bad('an object in a list of text', { name: [{ given: [{ a: 'b' }] }] }, 'value', 'name[0].given[0]'),
  ]),
  ...bodies('a primitive of another type', ...PUT, [
    bad('text for a boolean', { active: 'true' }, 'value', 'active'),
    bad('a number for a boolean', { active: 1 }, 'value', 'active'),
    bad('a number for a date', { birthDate: 1970 }, 'value', 'birthDate'),
    bad('a number for text', { name: [{ family: 5 }] }, 'value', 'name[0].family'),
    bad('a boolean for text', { name: [{ given: [true] }] }, 'value', 'name[0].given[0]'),
    bad('text for an integer', { multipleBirthInteger: '2' }, 'value', 'multipleBirth.ofType(integer)'),
    bad('a fraction for an integer', { multipleBirthInteger: 1.5 }, 'value', 'multipleBirth.ofType(integer)'),
    bad('a boolean for a code', { gender: true }, 'value', 'gender'),
  ]),
  ...bodies('a value that its type does not have', ...PUT, [
    bad('a month too many', { birthDate: '1970-13-01' }, 'value', 'birthDate'),
    bad('a day that is not', { birthDate: '1970-02-30' }, 'value', 'birthDate'),
    bad('a date as others write it', { birthDate: '01/02/1970' }, 'value', 'birthDate'),
    bad('a time in a date', { birthDate: '1970-01-01T00:00:00Z' }, 'value', 'birthDate'),
    bad('a time without a zone', { deceasedDateTime: '2020-01-01T00:00:00' }, 'value', 'deceased.ofType(dateTime)'),
    bad('a rank of 0', { telecom: [{ rank: 0 }] }, 'value', 'telecom[0].rank'),
    bad('an integer of 33 bits', { multipleBirthInteger: 4_294_967_296 }, 'value', 'multipleBirth.ofType(integer)'),
    bad('base64 that is none', { photo: [{ data: '?' }] }, 'value', 'photo[0].data'),
    bad('a code with blanks around', { language: ' de ' }, 'value', 'language'),
    bad(
      'an id of dots and a slash',
      { contained: [{ resourceType: 'Patient', id: '../x' }] },
      'value',
      'contained[0].id',
    ),
  ]),
  ...bodies('a code that is not of the value set', ...PUT, [
    bad('gender', { gender: 'm' }, 'code-invalid', 'gender'),
    bad('gender in capitals', { gender: 'Male' }, 'code-invalid', 'gender'),
    bad('telecom', { telecom: [{ system: 'pigeon' }] }, 'code-invalid', 'telecom[0].system'),
    bad('name', { name: [{ use: 'given' }] }, 'code-invalid', 'name[0].use'),
    bad('address', { address: [{ type: 'castle' }] }, 'code-invalid', 'address[0].type'),
    bad('link', { link: [{ other: { reference: 'Patient/y' }, type: 'is' }] }, 'code-invalid', 'link[0].type'),
  ]),
  ...bodies('something is missing', ...PUT, [
    bad('the other of a link', { link: [{ type: 'seealso' }] }, 'required', 'link[0].other'),
    bad('the type of a link', { link: [{ other: { reference: 'Patient/y' } }] }, 'required', 'link[0].type'),
    bad('the language', { communication: [{ preferred: true }] }, 'required', 'communication[0].language'),
    bad('the url of an extension', { extension: [{ valueString: 'x' }] }, 'required', 'extension[0].url'),
    bad('the type of what is contained', { contained: [{ id: 'a' }] }, 'required', 'contained[0].resourceType'),
    bad('the div of a text', { text: { status: 'generated' } }, 'required', 'text.div'),
  ]),
  ...bodies('emptiness', ...PUT, [
    bad('null', { birthDate: null }, 'value', 'birthDate'),
    bad('no text', { birthDate: '' }, 'value', 'birthDate'),
    bad('an empty list', { name: [] }, 'structure', 'name'),
    bad('an empty object', { name: [{}] }, 'structure', 'name[0]'),
    bad('null in a list of objects', { name: [null] }, 'structure', 'name[0]'),
  ]),
  ...bodies('a rule between elements', ...PUT, [
    bad('two of a choice', { deceasedBoolean: true, deceasedDateTime: '2020-01-01' }, 'structure', 'deceased'),
    bad(
      'a period that ends first',
      { name: [{ period: { start: '2020', end: '2019' } }] },
      'invariant',
      'name[0].period',
    ),
    bad('a contact without a person', { contact: [{ gender: 'male' }] }, 'invariant', 'contact[0]'),
    bad('a telecom of no system', { telecom: [{ value: '555' }] }, 'invariant', 'telecom[0]'),
    bad('a script in the text', { text: { status: 'generated', div: SCRIPT } }, 'value', 'text.div'),
  ]),
  ...bodies('YAML read something else than text', ...PUT, [
    ['a postal code', { yaml: 'address:\n- postalCode: 02134\n' }, 422, 'value', 'Patient.address[0].postalCode'],
    ['an identifier', { yaml: 'identifier:\n- value: 0123\n' }, 422, 'value', 'Patient.identifier[0].value'],
    ['a year', { yaml: 'birthDate: 1970\n' }, 422, 'value', 'Patient.birthDate'],
    ['a name', { yaml: 'name:\n- family: true\n' }, 422, 'value', 'Patient.name[0].family'],
    ['an exponent', { yaml: 'identifier:\n- value: 1e3\n' }, 422, 'value', 'Patient.identifier[0].value'],
  ]),
];
