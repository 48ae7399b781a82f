import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { findings, read } from './check.ts';

const patients = readFileSync(new URL('../data/patients.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(read);

describe('validation: synthetic patients', () => {
  it('finds nothing wrong in 1,144 patients', () => {
    expect(patients).to.have.lengthOf(1144);
    expect(patients.filter((patient) => findings(patient).length > 0).map(({ id }) => id)).to.eql([]);
  });

  it('finds the same fault in each of them, once it has one', () => {
    for (const patient of patients) {
      expect(findings({ ...patient, gender: 'none', birthDate: '2023-02-29' })).to.have.deep.members([
        ['code-invalid', 'Patient.gender'],
        ['value', 'Patient.birthDate'],
      ]);
    }
  });
});
