import { expect } from 'chai';
import { describe, it } from 'mocha';
import { grantedAudience, isForOthers, isForUs } from '../../auth/audience.ts';
import { grantedScope, narrowedScope, parseScope } from '../../auth/scopes.ts';
import { isSmartScope, scopesPermit } from '../../auth/smart-scopes.ts';
import { codeOf } from './refusal.ts';

describe('scopes (RFC 6749 §3.3)', () => {
  it('are separated by spaces and count once', () => {
    expect(parseScope('b a  b')).to.deep.equal(['b', 'a']);
    expect(parseScope(undefined)).to.deep.equal([]);
  });

  for (const text of ['a"b', 'a\\b', 'a\nb', 'é']) {
    it(`${JSON.stringify(text)} is not well formed`, () =>
      expect(codeOf(() => parseScope(text))).to.equal('invalid_scope'));
  }

  it('a Client that lists scopes is given those only, and all where it asks for none', () => {
    const client = { scope: ['a', 'b'] };
    expect(grantedScope(client, ['a'], false)).to.deep.equal(['a']);
    expect(grantedScope(client, [], false)).to.deep.equal(['a', 'b']);
    expect(codeOf(() => grantedScope(client, ['a', 'c'], false))).to.equal('invalid_scope');
  });

  it('a Client that lists none is given what it asks for, but not for another audience', () => {
    expect(grantedScope({}, ['x'], false)).to.deep.equal(['x']);
    expect(codeOf(() => grantedScope({}, ['x'], true))).to.equal('invalid_scope');
  });

  it('scope widening on refresh is refused', () => {
    expect(narrowedScope({}, ['a', 'b'], ['a'])).to.deep.equal(['a']);
    expect(narrowedScope({}, ['a', 'b'], [])).to.deep.equal(['a', 'b']);
    expect(codeOf(() => narrowedScope({}, ['a'], ['a', 'b']))).to.equal('invalid_scope');
    expect(codeOf(() => narrowedScope({ scope: ['b'] }, ['a', 'b'], []))).to.equal('invalid_scope');
  });
});

describe('SMART scopes', () => {
  const rows: [scope: string, operation: string, permitted: boolean][] = [
    ['user/Patient.read', 'Patient.read', true],
    ['user/Patient.read', 'Patient.search', true],
    ['user/Patient.read', 'Patient.update', false],
    ['user/Patient.read', 'Observation.read', false],
    ['user/Patient.write', 'Patient.delete', true],
    ['user/Patient.write', 'Patient.read', false],
    ['system/*.*', 'Client.create', true],
    ['system/*.cruds', 'Patient.patch', true],
    ['system/Patient.rs', 'Patient.vread', true],
    ['system/Patient.rs', 'Patient.history', true],
    ['system/Patient.rs', 'Patient.create', false],
    ['system/Patient.s', 'Patient.read', false],
    ['system/Patient.c', 'Patient.validate', true],
    ['system/Patient.r', 'Patient.validate', false],
    ['system/*.cruds', 'introspect', false],
    ['patient/Patient.read', 'Patient.read', false],
    ['user/Patient.sr', 'Patient.read', false],
    ['user/Patient.', 'Patient.read', false],
    ['user/Patient.read?name=a', 'Patient.read', false],
    ['user/Patient.constructor', 'Patient.read', false],
    ['user/*.cruds', 'Patient.constructor', false],
    ['openid', 'Patient.read', false],
  ];
  for (const [scope, operation, permitted] of rows) {
    it(`${scope} ${permitted ? 'permits' : 'does not permit'} ${operation}`, () => {
      expect(scopesPermit([scope], operation)).to.equal(permitted);
    });
  }

  it('one that cannot be read narrows all the same', () => {
    expect(['user/x', 'patient/Patient.read', 'system/?'].every(isSmartScope)).to.equal(true);
    expect(['openid', 'launch/patient', 'users/Patient.read'].some(isSmartScope)).to.equal(false);
  });
});

describe('audiences (RFC 8707, RFC 7519 §4.1.3)', () => {
  const own = { baseUrl: 'https://ward.example/base', audience: ['urn:ward'] };
  const any = { audience: [] };
  const asked = (audience: string[], resource: string[] = []) => ({ audience, resource });

  it('BASE_URL, its FHIR base and AUDIENCE are this server', () => {
    const ours = [
      'https://ward.example/base',
      'https://ward.example/base/',
      'https://ward.example/base/fhir',
      'urn:ward',
    ];
    for (const audience of ours) expect(isForUs(own, [audience]), audience).to.equal(true);
    for (const audience of ['https://ward.example', 'https://ward.example/base/x', 'urn:other', '']) {
      expect(isForUs(own, [audience]), audience).to.equal(false);
    }
    expect(isForUs(own, ['urn:other', 'urn:ward'])).to.equal(true);
    expect(isForOthers(own, ['urn:other', 'urn:ward'])).to.equal(true);
    expect(isForOthers(own, ['urn:ward'])).to.equal(false);
  });

  it('the default is the first that the grant lists, else BASE_URL', () => {
    expect(grantedAudience(own, any, asked([]))).to.deep.equal([own.baseUrl]);
    expect(grantedAudience(own, { audience: ['urn:a', 'urn:b'] }, asked([]))).to.deep.equal(['urn:a']);
  });

  it('what the grant lists bounds what may be asked for', () => {
    expect(grantedAudience(own, { audience: ['urn:a', 'urn:b'] }, asked(['urn:b']))).to.deep.equal(['urn:b']);
    expect(codeOf(() => grantedAudience(own, { audience: ['urn:a'] }, asked(['urn:b'])))).to.equal('invalid_target');
  });

  it('audience and resource are one list', () => {
    expect(grantedAudience(own, any, asked(['x'], ['urn:y', 'urn:z']))).to.deep.equal(['x', 'urn:y', 'urn:z']);
  });

  for (const resource of ['not a uri', '/relative', 'https://a.example/#fragment']) {
    it(`resource cannot be ${resource}`, () => {
      expect(codeOf(() => grantedAudience(own, any, asked([], [resource])))).to.equal('invalid_target');
    });
  }
});
