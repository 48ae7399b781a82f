import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { PathStep, SearchParameterDefinition } from '../../resources/definition.ts';
import { createRegistry } from '../../resources/registry.ts';
import { createValidator } from '../../resources/validate/validator.ts';

const { resources }: { resources: string[] } = JSON.parse(
  readFileSync(fileURLToPath(import.meta.resolve('#r4/types.json')), 'utf8'),
);

function parameter(type: string, code: string): SearchParameterDefinition {
  const found = createRegistry(resources).searchParameters(type)[code];
  if (found === undefined) throw new Error(`${type} has no ${code}`);
  return found;
}

describe('registry', () => {
  it('serves its own types and all of R4, but for Parameters, which has no endpoint', () => {
    const registry = createRegistry();
    const served = resources.filter((name) => name !== 'Parameters');
    expect(registry.names()).to.eql([...served, 'AccessPolicy', 'Client', 'Session', 'User'].sort());
    for (const name of registry.names()) expect(registry.get(name)?.name).to.equal(name);
  });

  it('knows no other, whatever it is called', () => {
    const registry = createRegistry();
    for (const name of [
      'Parameters',
      'Foo',
      'Resource',
      'DomainResource',
      '__proto__',
      'constructor',
      '',
      '../types',
      'HumanName',
    ]) {
      expect(registry.get(name), name).to.equal(undefined);
    }
    expect(registry.datatype('__proto__')).to.equal(undefined);
    expect(registry.extension('__proto__')).to.equal(undefined);
  });

  it('knows all 146 types of R4, which a resource may contain', () => {
    const registry = createRegistry();
    expect(resources).to.have.lengthOf(146);
    for (const name of resources) expect(registry.resource(name)?.name).to.equal(name);
  });

  it('gives every resource what it inherits', () => {
    const registry = createRegistry();
    const inherited = [
      'id',
      'meta',
      'implicitRules',
      'language',
      'text',
      'contained',
      'extension',
      'modifierExtension',
    ];
    expect(Object.keys(registry.get('Patient')?.elements ?? {})).to.include.members([...inherited, 'birthDate']);
    expect(Object.keys(registry.resource('Binary')?.elements ?? {})).not.to.include('text');
    expect(Object.keys(registry.get('Patient')?.elements['contact']?.elements ?? {})).to.include('modifierExtension');
    expect(Object.keys(registry.get('Client')?.elements ?? {})).not.to.include('extension');
  });

  it('takes one more type, under a name that is free', () => {
    const registry = createRegistry();
    const definition = { name: 'Ticket', kind: 'resource', base: 'DomainResource', elements: {}, search: {} } as const;
    registry.add(definition);
    expect(registry.names()).to.include('Ticket');
    expect(registry.get('Ticket')?.elements).to.include.keys('id', 'text');
    expect(() => registry.add(definition)).to.throw('Ticket');
    expect(() => registry.add({ ...definition, name: 'Observation' })).to.throw('Observation');
    expect(() => registry.add({ ...definition, name: 'Other', base: 'Foo' })).to.throw('Foo');
  });

  it('compiles every type', () => {
    const registry = createRegistry(resources);
    const validator = createValidator(registry);
    for (const name of registry.names()) {
      const issues = validator.validate(name, { resourceType: name });
      expect(
        issues.every(({ code }) => code === 'required' || code === 'invariant'),
        name,
      ).to.equal(true);
    }
  });
});

describe('registry: search parameters', () => {
  it('are there for every type', () => {
    const registry = createRegistry(resources);
    for (const name of registry.names()) {
      expect(registry.searchParameters(name), name).to.include.keys('_id', '_lastUpdated');
    }
  });

  const PATHS: [type: string, code: string, ...paths: PathStep[][]][] = [
    ['Patient', 'family', ['name', 'family']],
    ['Patient', 'email', ['telecom', { where: { system: 'email' } }]],
    ['Patient', 'death-date', ['deceased', { as: 'dateTime' }]],
    ['Patient', '_tag', ['meta', 'tag']],
    ['AllergyIntolerance', 'code', ['code'], ['reaction', 'substance']],
    ['Observation', 'patient', ['subject', { resolvesTo: 'Patient' }]],
    ['Observation', 'value-quantity', ['value', { as: 'Quantity' }], ['value', { as: 'SampledData' }]],
    ['Observation', 'value-string', ['value', { as: 'string' }], ['value', { as: 'CodeableConcept' }, 'text']],
    ['Bundle', 'composition', ['entry', { at: 0 }, 'resource']],
    ['InsurancePlan', 'name', ['name'], ['alias']],
  ];
  for (const [type, code, ...paths] of PATHS) {
    it(`${type} ${code} reads what its expression says`, () => expect(parameter(type, code).paths).to.eql(paths));
  }

  it('tell whether a patient has died', () => {
    expect(parameter('Patient', 'deceased')).to.include({ kind: 'token', transform: 'exists' });
  });

  it('of several parts read each at one place', () => {
    const { paths, components } = parameter('Observation', 'component-code-value-quantity');
    expect(paths).to.eql([['component']]);
    expect(components?.map((part) => [part.kind, part.paths])).to.eql([
      ['token', [['code']]],
      ['quantity', [['value', { as: 'Quantity' }]]],
    ]);
  });

  it('spell types as the definitions do', () => {
    const { components } = parameter('Observation', 'code-value-date');
    expect(components?.[1]?.paths).to.eql([
      ['value', { as: 'dateTime' }],
      ['value', { as: 'Period' }],
    ]);
  });
});
