/** Canonicals: found by themselves, and followed (https://hl7.org/fhir/R4/references.html#canonical). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { asRoot } from '../harness/server.ts';
import { APP, narrowed } from './narrowed.ts';

const FORM = 'http://forms.example/intake';
const OTHER = 'http://forms.example/other';
const LONG = `http://forms.example/${'long/'.repeat(120)}`;

const FORMS: [id: string, url: string, version: string | undefined, title: string][] = [
  ['f1', FORM, '1', 'First'],
  ['f12', FORM, '1.2', 'First again'],
  ['f2', FORM, '2.0', 'Second'],
  ['plain', OTHER, undefined, 'Plain'],
  ['long', LONG, '7', 'Long'],
];

const ANSWERS: [id: string, questionnaire: string | undefined][] = [
  ['any', FORM],
  ['a1', `${FORM}|1`],
  ['a12', `${FORM}|1.2`],
  ['a2', `${FORM}|2.0`],
  ['a10', `${FORM}|10`],
  ['other', OTHER],
  ['lost', `${OTHER}|9`],
  ['far', `${LONG}|7`],
  ['none', undefined],
];

const escaped = encodeURIComponent;
const answers = (query: string) => `/QuestionnaireResponse?${query}`;
const asked = (text: string) => answers(`questionnaire=${escaped(text)}`);

const FINDS: [rule: string, query: string, ids: string][] = [
  ['§3.1.1.4.12: a canonical without a version finds every version', asked(FORM), 'any a1 a12 a2 a10'],
  ['§3.1.1.4.12: one with a version finds that version', asked(`${FORM}|1`), 'a1'],
  ['§3.1.1.4.12: one with an empty version finds those without', asked(`${FORM}|`), 'any'],
  ['§3.1.1.4.12: several', asked(`${FORM}|1,${OTHER}`).replaceAll('%2C', ','), 'a1 other lost'],
  ['§3.1.1.4.12: a part of a URL finds nothing', asked('http://forms.example'), ''],
  ['§3.1.1.4.13: below a version', answers(`questionnaire:below=${escaped(`${FORM}|1`)}`), 'a1 a12'],
  ['§3.1.1.4.13: below the URL alone', answers(`questionnaire:below=${escaped(FORM)}`), 'any a1 a12 a2 a10'],
  ['§3.1.1.4.4: missing', answers('questionnaire:missing=true'), 'none'],
  ['§3.1.1.4.16: a chain', answers('questionnaire.title=first'), 'any a1 a12'],
  ['§3.1.1.4.16: a chain, the type named', answers('questionnaire:Questionnaire.title=second'), 'any a2'],
  ['§3.1.1.4.16: a chain by what is not there', answers('questionnaire.version:missing=true'), 'other'],
  ['§3.1.1.4.16: a chain by id', answers('questionnaire._id=f2,plain'), 'any a2 other'],
  ['§3.1.1.4.16: a URL too long for the index', answers('questionnaire.title=long'), 'far'],
  ['§3.1.1.4.17: _has', '/Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=a12', 'f12'],
  [
    '§3.1.1.4.17: _has without a version',
    '/Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=any',
    'f1 f12 f2',
  ],
  [
    '§3.1.1.4.17: _has of a version that is not there',
    '/Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=lost',
    '',
  ],
  ['§3.1.1.5.4: _include', answers('_id=a12&_include=QuestionnaireResponse:questionnaire'), 'a12 f12'],
  [
    '§3.1.1.5.4: _include without a version',
    answers('_id=any&_include=QuestionnaireResponse:questionnaire'),
    'any f1 f12 f2',
  ],
  ['§3.1.1.5.4: _include of a version that is not there', answers('_id=lost&_include=*'), 'lost'],
  ['§3.1.1.5.4: _include of all', answers('_id=a2&_include=QuestionnaireResponse:*'), 'a2 f2'],
  [
    '§3.1.1.5.4: _include of another type',
    answers('_id=a2&_include=QuestionnaireResponse:questionnaire:Measure'),
    'a2',
  ],
  ['§3.1.1.5.4: _revinclude', '/Questionnaire?_id=f2&_revinclude=QuestionnaireResponse:questionnaire', 'f2 any a2'],
  ['§3.1.1.5.4: _revinclude of all', '/Questionnaire?_id=plain&_revinclude=*', 'plain other'],
  [
    '§3.1.1.5.4: _include:iterate',
    '/CarePlan?_include=CarePlan:instantiates-canonical&_include:iterate=PlanDefinition:depends-on',
    'plan proto lib f1',
  ],
];

describe('Canonicals', () => {
  let api: Api;
  const ids = async (query: string, as = asRoot): Promise<string> => {
    const reply = await api.request('GET', query, { as });
    expect(reply.status, reply.text).to.equal(200);
    return (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id).join(' ');
  };

  before(async () => {
    api = await startApi();
    for (const [id, url, version, title] of FORMS) {
      await api.put(`/Questionnaire/${id}`, { url, title, status: 'active', ...(version && { version }) });
    }
    for (const [id, questionnaire] of ANSWERS) {
      await api.put(`/QuestionnaireResponse/${id}`, { status: 'completed', ...(questionnaire && { questionnaire }) });
    }
    // What has a URL that is not canonical, and what points by id, are not taken for canonicals.
    await api.put('/Device/f1', { url: FORM });
    await api.put('/Library/lib', { url: 'http://forms.example/lib', status: 'active', type: { text: 'logic' } });
    const depends = (resource: string) => ({ type: 'depends-on', resource });
    await api.put('/PlanDefinition/proto', {
      url: 'http://forms.example/proto',
      version: '3',
      status: 'active',
      relatedArtifact: [depends('http://forms.example/lib'), depends(`${FORM}|1`)],
    });
    await api.put('/Patient/ann', {});
    await api.put('/CarePlan/plan', {
      status: 'active',
      intent: 'plan',
      subject: { reference: 'Patient/ann' },
      instantiatesCanonical: ['http://forms.example/proto|3'],
    });
  });
  after(() => api.stop());

  for (const [rule, query, expected] of FINDS) {
    it(rule, async () => {
      expect((await ids(query)).split(' ')).to.have.members(expected.split(' '));
    });
  }

  const refused: [query: string, code: string, reason: RegExp][] = [
    ['questionnaire:Patient.name=a', 'invalid', /questionnaire contains canonicals.* Patient has no canonical URL/],
    ['questionnaire:Questionnaire=f1', 'not-supported', /no modifier "Questionnaire". It has: :missing, :below\./],
    ['questionnaire:identifier=f1', 'not-supported', /no modifier "identifier"/],
    ['subject:below=Patient/ann', 'invalid', /in a hierarchy/],
  ];
  for (const [query, code, reason] of refused) {
    it(`refuses ${query}`, async () => {
      const reply = await api.request('GET', answers(query), { as: asRoot });
      expect([reply.status, reply.at('issue.0.code')], reply.text).to.eql([400, code]);
      expect(reply.string('issue.0.diagnostics')).to.match(reason);
    });
  }

  it('refuses _has by canonicals of what has none', async () => {
    const path = '/Patient?_has:QuestionnaireResponse:questionnaire:status=completed';
    expect((await api.request('GET', path, { as: asRoot })).status).to.equal(400);
  });

  it('a canonical is followed no more when what it names has another URL, another version or is gone', async () => {
    const [query, include] = [answers('questionnaire.title=fleeting'), '_include=QuestionnaireResponse:questionnaire'];
    const url = 'http://forms.example/fleeting';
    await api.put('/QuestionnaireResponse/late', { status: 'completed', questionnaire: `${url}|1` });
    const put = (change: object) =>
      api.put('/Questionnaire/late', { url, version: '1', title: 'Fleeting', status: 'draft', ...change });
    for (const [change, followed] of [
      [{}, true],
      [{ version: '2' }, false],
      [{ url: 'http://forms.example/elsewhere' }, false],
      [{}, true],
    ] as const) {
      await put(change);
      expect(await ids(query)).to.equal(followed ? 'late' : '');
      expect(await ids(answers(`_id=late&${include}`))).to.equal(followed ? 'late late' : 'late');
    }
    await api.remove('/Questionnaire/late');
    expect(await ids(query)).to.equal('');
    expect(await ids(answers(`_id=late&${include}`))).to.equal('late');
    await api.remove('/QuestionnaireResponse/late');
  });

  it('leak through canonicals: chains, _has and includes follow them to the rows that are shown alone', async () => {
    const rows = await narrowed(api);
    await rows('Questionnaire', 'version=1,1.2');
    await rows('QuestionnaireResponse', '_id=any,a1,a2,other');
    const questionnaire = '_include=QuestionnaireResponse:questionnaire';
    const seen: [query: string, ids: string][] = [
      [answers('questionnaire.title=second'), ''],
      [answers('questionnaire.title=plain'), ''],
      [answers('questionnaire.title=first'), 'any a1'],
      [answers(questionnaire), 'any a1 a2 other f1 f12'],
      [answers('_id=any&_include=*'), 'any f1 f12'],
      ['/Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=a12', ''],
      ['/Questionnaire?_revinclude=QuestionnaireResponse:questionnaire', 'f1 f12 any a1'],
      ['/Questionnaire?_id=f1&_revinclude=*', 'f1 any a1'],
    ];
    for (const [query, expected] of seen) {
      const found = (await ids(query, APP)).split(' ').filter((id) => id !== '');
      expect(found, query).to.have.members(expected.split(' ').filter((id) => id !== ''));
    }
    // Rows by what a canonical leads to: a read is judged in memory, a search by the database.
    await rows('QuestionnaireResponse', 'questionnaire.title=first');
    await rows('Questionnaire', '_has:QuestionnaireResponse:questionnaire:_id=a12,a2');
    expect(await ids(answers(''), APP)).to.equal('any a1 a12');
    expect(await ids('/Questionnaire', APP)).to.equal('f12 f2');
    const status = async (path: string) => (await api.request('GET', path, { as: APP })).status;
    for (const id of ['any', 'a1', 'a12']) expect(await status(`/QuestionnaireResponse/${id}`), id).to.equal(200);
    for (const id of ['a2', 'a10', 'lost']) expect(await status(`/QuestionnaireResponse/${id}`), id).to.equal(404);
    for (const id of ['f12', 'f2']) expect(await status(`/Questionnaire/${id}`), id).to.equal(200);
    for (const id of ['f1', 'plain']) expect(await status(`/Questionnaire/${id}`), id).to.equal(404);
    await api.remove('/AccessPolicy/questionnaire');
    expect(await status(answers('questionnaire.title=first')), 'what may not be searched is not chained to').to.equal(
      403,
    );
    expect(await ids(answers(`_id=a12&${questionnaire}`), APP), 'nor included').to.equal('a12');
  });
});
