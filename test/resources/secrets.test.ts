/** A secret goes in and never comes out, whatever is asked and in whatever format. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { wholeLog } from '../server/whole-log.ts';

const SECRETS = ['client-secret-Zx81', 'next-secret-Qp42', 'user-password-Vr67', 'next-password-Lm93'];
/** What a hash looks like, whoever made it. */
const HASH = /\$argon2|\$2[aby]\$|"hash"|scrypt/;

const CLIENT = { name: 'Holder', grant_types: ['basic', 'client_credentials'] };
const USER = { userName: 'holder-user', email: 'holder@example.org' };

describe('resources: secrets', () => {
  let server: TestServer;
  const answers: string[] = [];

  before(async () => {
    server = await startServer({ env: { LOG_LEVEL: 'trace' } });
    for (const secret of SECRETS.slice(0, 2)) {
      expect((await ask('PUT', '/Client/holder', { ...CLIENT, secret })).status).to.be.below(300);
    }
    for (const password of SECRETS.slice(2)) {
      expect((await ask('PUT', '/User/person', { ...USER, password })).status).to.be.below(300);
    }
  });
  after(() => server.stop());

  /** Asks as the root client, and keeps the whole answer for the last test. */
  async function ask(method: string, path: string, json?: unknown, headers = {}) {
    const reply = await server.request(method, path, { as: asRoot, headers, ...(json === undefined ? {} : { json }) });
    answers.push(`${method} ${path} ${JSON.stringify(reply.headers)} ${reply.text}`);
    return reply;
  }
  function clean(text: string): void {
    for (const secret of SECRETS) expect(text).to.not.include(secret);
    expect(text).to.not.match(HASH);
    expect(text).to.not.match(/"(secret|password)":|^ *(secret|password):/m);
  }

  for (const accept of ['application/fhir+json', 'text/yaml']) {
    for (const [name, path] of [
      ['GET', ''],
      ['history', '/_history'],
      ['vread', '/_history/1'],
    ] as const) {
      it(`secret or password in ${name} as ${accept}`, async () => {
        for (const resource of ['/Client/holder', '/User/person']) {
          const reply = await ask('GET', `${resource}${path}`, undefined, { accept });
          expect(reply.status).to.equal(200);
          clean(reply.text);
        }
      });
    }

    for (const query of [
      '_id=holder,person',
      '_id=holder,person&_elements=secret,password,id',
      '_id=holder,person&_elements=secret',
      '_id=holder,person&_summary=data',
      '_id=holder,person&_summary=true',
      '_id=holder,person&_summary=text',
    ]) {
      it(`secret or password in search and _elements, ${query}, as ${accept}`, async () => {
        for (const type of ['Client', 'User']) {
          clean((await ask('GET', `/${type}?${query}`, undefined, { accept })).text);
        }
      });
    }

    it(`secret or password in PUT echo, POST echo and 200 without a change, as ${accept}`, async () => {
      const written = [
        await ask('PUT', '/Client/holder', { ...CLIENT, secret: SECRETS[1] }, { accept }),
        await ask('PUT', '/User/person', { ...USER, password: SECRETS[3] }, { accept }),
        await ask('POST', '/Client', { ...CLIENT, secret: SECRETS[0] }, { accept }),
        await ask('POST', '/User', { password: SECRETS[2] }, { accept }),
        await ask('PUT', '/Client/o', { secret: SECRETS[0] }, { accept, prefer: 'return=OperationOutcome' }),
      ];
      for (const { status, text } of written) {
        expect(status, text).to.be.below(300);
        clean(text);
      }
    });

    it(`secret or password in an error, as ${accept}`, async () => {
      const refused = [
        await ask('PUT', '/Client/holder', { name: 7, secret: SECRETS[0] }, { accept }),
        await ask('PUT', '/Client/holder', { secret: [SECRETS[0]] }, { accept }),
        await ask('PUT', '/Client/holder', { secret: { value: SECRETS[0] } }, { accept }),
        await ask('PUT', '/User/person', { userName: 'root', password: SECRETS[2] }, { accept }),
        await ask('PUT', '/User/person', { secret: SECRETS[2] }, { accept }),
        await ask('PUT', '/Client/holder', { id: 'x', secret: SECRETS[0] }, { accept }),
        await ask('PUT', '/Client/holder', { secret: SECRETS[0] }, { accept, 'if-match': 'W/"99"' }),
        await ask('PUT', '/Client/long', { secret: `${SECRETS[0]}${'x'.repeat(1024)}` }, { accept }),
      ];
      for (const { status, text } of refused) {
        expect(status, text).to.be.within(400, 422);
        for (const secret of SECRETS) expect(text).to.not.include(secret);
      }
    });
  }

  it('secret or password in $validate', async () => {
    for (const [type, json] of [
      ['Client', { ...CLIENT, secret: SECRETS[0], name: 1 }],
      ['User', { password: SECRETS[2], email: 1 }],
    ] as const) {
      clean((await ask('POST', `/${type}/$validate`, json)).text);
    }
  });

  it('searching or sorting by a secret, a hash or a dotted sub-field', async () => {
    for (const parameter of [
      'secret',
      'password',
      'hash',
      'credential',
      'auth.secret',
      'details.secret',
      'data.password',
    ]) {
      for (const type of ['Client', 'User']) {
        for (const query of [
          `${parameter}=x`,
          `_sort=${parameter}`,
          `_sort=-${parameter}`,
          `${parameter}:missing=true`,
        ]) {
          const reply = await ask('GET', `/${type}?${query}`);
          expect(reply.status, `${type}?${query}`).to.equal(400);
        }
        expect((await ask('GET', `/Session?client:${type}.${parameter}=x`)).status).to.equal(400);
      }
    }
  });

  it('read-only admin reaching a secret by another route', async () => {
    await ask('PUT', '/Client/auditor', { grant_types: ['basic'], secret: 'auditor-secret' });
    const matcho = { 'request-method': '#(get|head)' };
    const link = [{ reference: 'Client/auditor' }];
    await ask('PUT', '/AccessPolicy/auditor', { engine: 'matcho', matcho, link });
    const as = { basic: ['auditor', 'auditor-secret'] } as const;
    const reading = async (path: string) => {
      const reply = await server.request('GET', path, { as });
      clean(reply.text);
      return reply.status;
    };
    for (const path of ['', '/holder', '/holder/_history', '/holder/_history/1', '/_history', '?_elements=secret']) {
      expect(await reading(`/Client${path}`), path).to.equal(200);
    }
    for (const [path, value] of [
      ['/Client?secret=', SECRETS[1]],
      ['/Client?_sort=', 'secret'],
      ['/User?password=', SECRETS[3]],
      ['/Session?client.secret=', SECRETS[1]],
      ['/Session?user.password=', SECRETS[3]],
      ['/Client?_has:Session:client:secret=', SECRETS[1]],
      ['/Client?_include=', 'Client:secret'],
    ]) {
      expect(await reading(`${path}${value}`), path).to.equal(400);
    }
    const patch = [{ op: 'test', path: '/secret', value: SECRETS[1] }];
    const json = { 'content-type': 'application/json-patch+json' };
    const entry = [
      { request: { method: 'GET', url: 'Client/holder' } },
      { request: { method: 'GET', url: 'Client?_elements=secret' } },
      { resource: { resourceType: 'Client', secret: 'mine' }, request: { method: 'PUT', url: 'Client/holder' } },
    ];
    for (const [method, path, body, headers] of [
      ['PATCH', '/Client/holder', patch, json],
      ['PUT', '/Client/holder', { ...CLIENT, secret: 'mine' }, {}],
      ['POST', '/Client/$validate', CLIENT, {}],
      ['POST', '/', { resourceType: 'Bundle', type: 'transaction', entry }, {}],
    ] as const) {
      const reply = await server.request(method, path, { as, headers, json: body });
      expect(reply.status, `${method} ${path} ${reply.text}`).to.equal(403);
      clean(reply.text);
    }
    const batch = await server.request('POST', '/', { as, json: { resourceType: 'Bundle', type: 'batch', entry } });
    expect(batch.list('entry').map((_, at) => batch.at(`entry.${at}.response.status`))).to.match(/^200.*,200.*,403/);
    clean(batch.text);
  });

  it('a malformed body is not quoted', async () => {
    for (const [type, body] of [
      ['application/json', `{"secret": "${SECRETS[0]}`],
      ['application/json', `{"secret": "${SECRETS[0]}", "secret": "x"}`],
      ['application/json', `{"secret": ${SECRETS[0]}}`],
      ['text/yaml', `secret: "${SECRETS[0]}`],
      ['text/yaml', `secret: ${SECRETS[0]}\nsecret: ${SECRETS[1]}\n`],
      ['text/yaml', `secret: *${SECRETS[0]}\n`],
      ['text/yaml', `secret: !${SECRETS[0]} x\n`],
    ] as const) {
      const reply = await server.request('PUT', '/Client/x', { as: asRoot, body, headers: { 'content-type': type } });
      expect(reply.status, reply.text).to.equal(400);
      for (const secret of SECRETS) expect(reply.text).to.not.include(secret);
    }
  });

  it('secret or password in the log', async () => {
    const output = await wholeLog(server);
    expect(output.split('\n').length).to.be.above(60);
    for (const secret of [...SECRETS, server.root.secret]) expect(output).to.not.include(secret);
    expect(output).to.not.match(HASH);
  });

  it('secret or password in any answer of this file', () => {
    expect(answers.length).to.be.above(60);
    for (const answer of answers) for (const secret of SECRETS) expect(answer).to.not.include(secret);
  });
});
