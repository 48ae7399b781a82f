import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type AccessRequest, requestObject } from '../../auth/policies/request-object.ts';
import { ANONYMOUS } from '../../auth/principal.ts';

const REQUEST: AccessRequest = {
  principal: ANONYMOUS,
  operation: 'Patient.search',
  method: 'GET',
  scheme: 'https',
  url: '/Patient?name=a&name=b&_count=1',
  type: 'Patient',
  headers: { authorization: 'Bearer x', cookie: 'a=b', accept: 'text/yaml', 'x-many': ['a', 'b'] },
  address: '192.0.2.1',
};

describe('the request that policies see', () => {
  it('has the documented members, and no credentials', () => {
    expect(requestObject(REQUEST)).to.deep.equal({
      'request-method': 'get',
      scheme: 'https',
      uri: '/Patient',
      'query-string': 'name=a&name=b&_count=1',
      params: { name: ['a', 'b'], _count: '1', 'resource/type': 'Patient' },
      operation: { id: 'Patient.search' },
      headers: { accept: 'text/yaml', 'x-many': 'a, b' },
      'remote-addr': '192.0.2.1',
    });
  });

  it('HEAD is judged as the GET that it stands for', () => {
    expect(requestObject({ ...REQUEST, method: 'HEAD' })).to.deep.equal(requestObject(REQUEST));
  });

  it('a parameter cannot pretend to be the type or the id', () => {
    const { params } = requestObject({ ...REQUEST, url: '/Patient?resource/type=Client&resource/id=x', id: 'p1' });
    expect(params).to.deep.equal({ 'resource/type': 'Patient', 'resource/id': 'p1' });
    const search = requestObject({ ...REQUEST, url: '/Patient?resource/id=p1' });
    expect(search['params']).to.deep.equal({ 'resource/type': 'Patient' });
  });

  it('a parameter named after a prototype is a parameter', () => {
    const { params } = requestObject({ ...REQUEST, url: '/Patient?__proto__=a&constructor=b' });
    expect(Object.entries(params ?? {})).to.deep.include.members([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  for (const url of [
    '/Patient',
    '/Patient/',
    '//Patient',
    '/%50atient',
    '/fhir/Patient',
    '/fhir//Patient/',
    '/Patient?a=b',
  ]) {
    it(`trailing slash, //, %2f, /fhir twin: ${url} is /Patient`, () => {
      expect(requestObject({ ...REQUEST, url })['uri']).to.equal('/Patient');
    });
  }

  it('the root is a slash', () => {
    for (const url of ['/', '/fhir', '/fhir/']) expect(requestObject({ ...REQUEST, url })['uri']).to.equal('/');
  });

  it('a type that begins like the base is itself', () => {
    expect(requestObject({ ...REQUEST, url: '/fhirish/x' })['uri']).to.equal('/fhirish/x');
  });
});
