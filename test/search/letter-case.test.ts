/** Which tokens are compared without case, and which are exact (FHIR R4 §3.1.1.4.10). */
import { after, before, describe } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { finds } from './finds.ts';

const URL = 'http://sets.example/a';
const telecom = (value: string) => [{ system: 'email', value }];
const identifier = (value: string) => [{ system: 'urn:mrn', value }];
const used = (canonical: string) => ({ status: 'completed', questionnaire: canonical });

const RESOURCES: [address: string, resource: object][] = [
  ['/Patient/ann', { telecom: telecom('Ann@B.org'), identifier: identifier('x1'), gender: 'female' }],
  ['/Patient/bea', { telecom: telecom('bea@b.org'), identifier: identifier('X1') }],
  ['/Patient/cat', { telecom: telecom('CAT@b.org') }],
  ['/ValueSet/draft', { url: URL, version: '1.0-DRAFT', status: 'draft' }],
  ['/Questionnaire/form', { url: URL, version: '1.0-Draft', status: 'draft', title: 'Form' }],
  ['/QuestionnaireResponse/same', used(`${URL}|1.0-Draft`)],
  ['/QuestionnaireResponse/other', used(`${URL}|1.0-DRAFT.1`)],
];

const FINDS: [rule: string, query: string, ids: string][] = [
  ['a ContactPoint, written otherwise than it is stored', '/Patient?email=ann@b.org', 'ann'],
  ['a ContactPoint as it is stored', '/Patient?email=Ann@B.org', 'ann'],
  ['with the system that it does not have', '/Patient?telecom=|BEA@B.ORG', 'bea'],
  ['several', '/Patient?email=ANN@b.org,bea@B.org', 'ann bea'],
  ['all but one', '/Patient?email:not=ANN@b.org', 'bea cat'],
  ['a sort', '/Patient?_sort=email', 'ann bea cat'],
  ['a sort the other way', '/Patient?_sort=-email', 'cat bea ann'],
  ['a string', '/ValueSet?version=1.0-draft', 'draft'],
  ['an identifier is exact', '/Patient?identifier=x1', 'ann'],
  ['an identifier with its system is exact', '/Patient?identifier=urn:mrn|X1', 'bea'],
  ['a system is exact', '/Patient?identifier=URN:MRN|X1', ''],
  ['a code is exact', '/Patient?gender=FEMALE', ''],
  ['a URL is exact', `/ValueSet?url=${URL.toUpperCase()}`, ''],
  ['a canonical by its version', `/QuestionnaireResponse?questionnaire=${URL}|1.0-DRAFT`, 'same'],
  ['below a version', `/QuestionnaireResponse?questionnaire:below=${URL}|1.0-draft`, 'same other'],
  ['a canonical is followed', '/QuestionnaireResponse?questionnaire.title=form', 'same'],
  ['a canonical leads back', '/Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=same', 'form'],
];

describe('Case of tokens', () => {
  let api: Api;

  before(async () => {
    api = await startApi();
    for (const [address, resource] of RESOURCES) await api.put(address, resource);
  });
  after(() => api.stop());

  finds(() => api, '§3.1.1.4.10', FINDS);
});
