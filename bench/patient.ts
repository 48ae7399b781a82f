/** Generates Patients of about 3 KB from a number, similar to those in a hospital's register. */

const FAMILIES = ['Müller', 'Okafor', 'García', 'Nguyen', 'Smith', 'Kowalski', 'Haddad', 'Sato', 'Silva', 'Jensen'];
const GIVEN = ['Anna', 'Juan', 'Amina', 'Linh', 'Peter', 'Zofia', 'Omar', 'Yuki', 'Maria', 'Lars', 'Chloé', 'Ivan'];
const CITIES = ['Bloom', 'Salem', 'Auburn', 'Dover', 'Clinton', 'Fairview', 'Ashland', 'Milton'];
const EXTENSIONS = 'http://example.org/fhir/StructureDefinition';

/** Returns the id of the `n`th Patient. */
export function patientId(n: number | string): string {
  return `bench-${n}`;
}

function pick(values: readonly string[], n: number): string {
  return values[n % values.length] ?? '';
}

function identifier(system: string, code: string, display: string, value: string): object {
  const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code, display }], text: display };
  return { use: 'usual', type, system: `http://example.org/fhir/sid/${system}`, value };
}

/** Returns the family name of the `n`th Patient, which about one in 10,000 has. */
export function familyOf(n: number): string {
  return `${pick(FAMILIES, n)}${Math.floor(n / FAMILIES.length) % 1000}`;
}

/** Returns the `n`th Patient; `mark` is used where each request needs a different number. */
export function patient(n: number, mark: number | string = n): object {
  const family = familyOf(n);
  const given = pick(GIVEN, n * 7);
  const day = String(1 + (n % 28)).padStart(2, '0');
  const address = { use: 'home', line: [`${n % 997} Long Street`], city: pick(CITIES, n), state: 'KS', country: 'US' };
  return {
    resourceType: 'Patient',
    id: patientId(mark),
    meta: { profile: [`${EXTENSIONS}/patient`] },
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml">${given} ${family}, ${'seen at the clinic; '.repeat(46)}</div>`,
    },
    extension: ['race', 'ethnicity', 'birthsex'].map((name) => ({
      url: `${EXTENSIONS}/us-core-${name}`,
      extension: [{ url: 'text', valueString: `${name} as it was stated` }],
    })),
    identifier: [
      identifier('mrn', 'MR', 'Medical Record Number', `mrn-${mark}`),
      identifier('ssn', 'SS', 'Social Security Number', `999-${String(mark)}`),
      identifier('licence', 'DL', "Driver's license number", `S${String(mark)}`),
    ],
    active: true,
    name: [
      { use: 'official', family, given: [given, pick(GIVEN, n + 3)], prefix: ['Mx.'] },
      { use: 'maiden', family: pick(FAMILIES, n + 5), given: [given] },
    ],
    telecom: [
      { system: 'phone', value: `555-${String(n % 10_000).padStart(4, '0')}`, use: 'home' },
      { system: 'email', value: `patient-${n}@example.org`, use: 'work' },
    ],
    gender: n % 2 === 0 ? 'female' : 'male',
    birthDate: `${1930 + (n % 90)}-0${1 + (n % 9)}-${day}`,
    address: [{ ...address, postalCode: String(10_000 + (n % 89_999)) }],
    maritalStatus: { text: n % 3 === 0 ? 'Married' : 'Never married' },
    multipleBirthBoolean: false,
    contact: [{ name: { family, given: [pick(GIVEN, n + 1)] }, telecom: [{ system: 'phone', value: '555-0100' }] }],
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en-US' }], text: 'English' } }],
  };
}
