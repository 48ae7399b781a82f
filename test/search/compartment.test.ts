/** The compartment of a patient (https://hl7.org/fhir/R4/compartmentdefinition-patient.html). */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { openDefinitions } from '../../resources/fhir/load.ts';
import { createRegistry } from '../../resources/registry.ts';
import { compartmentCriterion } from '../../resources/search/compartment.ts';

const registry = createRegistry();
const options = { base: 'https://ward.example', now: 0 };
const criterion = (type: string, of = 'Patient') => compartmentCriterion(registry, options, { of, id: 'p' }, type);

describe('search: compartments', () => {
  const parts = Object.entries(openDefinitions().compartment('Patient') ?? {});

  it('has the 67 types of R4 that may belong to a patient', () => expect(parts).to.have.length(67));

  for (const [type, parameters] of parts) {
    it(`a ${type} belongs by ${parameters.join(', ')}`, () => {
      for (const name of parameters) expect(registry.searchParameters(type)[name]?.kind, name).to.equal('reference');
      const found = criterion(type);
      expect(found?.test === 'any' ? found.of : []).to.have.length(parameters.length + (type === 'Patient' ? 1 : 0));
    });
  }

  for (const type of [
    'Practitioner',
    'Organization',
    'Client',
    'User',
    'Session',
    'Nothing',
    'constructor',
    '__proto__',
  ]) {
    it(`${type} has no part in it`, () => expect(criterion(type)).to.equal(undefined));
  }

  it('no other compartment is known', () => expect(criterion('Observation', 'Encounter')).to.equal(undefined));
});
