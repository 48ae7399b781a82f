import { expect } from 'chai';
import { describe, it } from 'mocha';
import { grantedAudience, isForOthers, isForUs } from '../../auth/scopes/audience.ts';
import { grantedScope, narrowedScope, parseScope } from '../../auth/scopes/scopes.ts';
import { isSmartScope, reachOf } from '../../auth/scopes/smart-scopes.ts';
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

  it('scopes of SMART that permit nothing are left out, and never all of them', () => {
    const dead = [
      'patient/Bogus.zz',
      'patient/Observation.rs?category=lab',
      'user/Patient.sr',
      'user/Patient.',
      'user/',
    ];
    for (const scope of dead) {
      expect(grantedScope({}, [scope, 'openid', 'user/Patient.r'], false)).to.deep.equal(['openid', 'user/Patient.r']);
      expect(
        codeOf(() => grantedScope({}, ['openid', scope], false)),
        scope,
      ).to.equal('invalid_scope');
      expect(
        codeOf(() => grantedScope({ scope: [scope] }, [], false)),
        scope,
      ).to.equal('invalid_scope');
    }
    expect(codeOf(() => grantedScope({}, dead, false))).to.equal('invalid_scope');
    const listed = { scope: ['patient/x'] };
    expect(grantedScope(listed, ['patient/x'], true), 'another server may know them').to.deep.equal(['patient/x']);
  });

  it('scope widening on refresh is refused', () => {
    expect(narrowedScope({}, ['a', 'b'], ['a'])).to.deep.equal(['a']);
    expect(narrowedScope({}, ['a', 'b'], [])).to.deep.equal(['a', 'b']);
    expect(codeOf(() => narrowedScope({}, ['a'], ['a', 'b']))).to.equal('invalid_scope');
    expect(codeOf(() => narrowedScope({ scope: ['b'] }, ['a', 'b'], []))).to.equal('invalid_scope');
  });
});

describe('SMART scopes', () => {
  const rows: [scope: string, operation: string, reach: string][] = [
    ['user/Patient.read', 'Patient.read', 'anywhere'],
    ['user/Patient.read', 'Patient.search', 'anywhere'],
    ['user/Patient.read', 'Patient.update', 'nowhere'],
    ['user/Patient.read', 'Observation.read', 'nowhere'],
    ['user/Patient.write', 'Patient.delete', 'anywhere'],
    ['user/Patient.write', 'Patient.read', 'nowhere'],
    ['system/*.*', 'Client.create', 'anywhere'],
    ['system/*.cruds', 'Patient.patch', 'anywhere'],
    ['system/Patient.rs', 'Patient.vread', 'anywhere'],
    ['system/Patient.r', 'Patient.history', 'anywhere'],
    ['system/Patient.r', 'Patient.history-type', 'nowhere'],
    ['system/Patient.s', 'Patient.history-type', 'anywhere'],
    ['system/Patient.rs', 'Patient.create', 'nowhere'],
    ['system/Patient.s', 'Patient.read', 'nowhere'],
    ['system/Patient.c', 'Patient.validate', 'anywhere'],
    ['system/Patient.r', 'Patient.validate', 'nowhere'],
    ['system/*.cruds', 'introspect', 'nowhere'],
    ['patient/Patient.read', 'Patient.read', 'patient'],
    ['patient/*.read', 'Observation.search', 'patient'],
    ['patient/*.read', 'Observation.update', 'nowhere'],
    ['user/Patient.sr', 'Patient.read', 'nowhere'],
    ['user/Patient.', 'Patient.read', 'nowhere'],
    ['user/Patient.read?name=a', 'Patient.read', 'nowhere'],
    ['user/Patient.constructor', 'Patient.read', 'nowhere'],
    ['user/*.cruds', 'Patient.constructor', 'nowhere'],
    ['openid', 'Patient.read', 'nowhere'],
  ];
  for (const [scope, operation, reach] of rows) {
    it(`${scope} reaches ${reach} in ${operation}`, () => {
      expect(reachOf([scope], operation)).to.equal(reach);
    });
  }

  it('of several scopes, the one that reaches further counts', () => {
    expect(reachOf(['patient/Patient.r', 'user/Patient.r'], 'Patient.read')).to.equal('anywhere');
    expect(reachOf(['patient/Patient.rs', 'user/Patient.r'], 'Patient.search')).to.equal('patient');
  });

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
