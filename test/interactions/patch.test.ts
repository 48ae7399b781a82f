/** JSON Patch (RFC 6902) and merge patch (RFC 7396): the examples of the standards, and attacks by name. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { PatchBounds } from '../../resources/patch/bounds.ts';
import { applyJsonPatch } from '../../resources/patch/json-patch.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { RFC_6902, RFC_7396 } from './patches.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';

describe('interactions: patch', () => {
  let server: ClockedServer;
  let path: string;
  let count = 0;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const patch = (type: string, body: unknown, at = path) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return server.request('PATCH', at, { as: asRoot, headers: { 'content-type': type }, body: text });
  };
  const stored = async (at = path) => (await server.request('GET', at, { as: asRoot })).text;
  const holding = async (doc: unknown) => {
    count += 1;
    path = `/Client/patch${count}`;
    const reply = await server.request('PUT', path, { as: asRoot, json: { details: { doc } } });
    expect(reply.status, reply.text).to.equal(201);
  };

  describe('JSON Patch: RFC 6902, appendix A', () => {
    for (const { name, doc, patch: operations, ...expected } of RFC_6902) {
      it(name, async () => {
        await holding(doc);
        const before = await stored();
        const inside = (pointer: unknown) => (typeof pointer === 'string' ? { from: `/details/doc${pointer}` } : {});
        const placed = operations.map((operation) => ({
          ...operation,
          ...inside(operation['from']),
          path: `/details/doc${operation['path']}`,
        }));
        const reply = await patch(JSON_PATCH, placed);
        if ('result' in expected) {
          expect(reply.status, reply.text).to.equal(200);
          expect(reply.at('details.doc')).to.deep.equal(expected.result);
        } else {
          expect([reply.status, reply.at('issue.0.code')]).to.deep.equal([422, 'business-rule']);
          expect(await stored()).to.equal(before);
        }
      });
    }

    it('A.13 is a JSON text with a key twice: 400', async () => {
      await holding({});
      const reply = await patch(JSON_PATCH, '[{"op":"add","path":"/name","value":"qux","op":"remove"}]');
      expect([reply.status, reply.at('issue.0.code')]).to.deep.equal([400, 'structure']);
    });
  });

  describe('merge patch: RFC 7396, appendix A', () => {
    for (const [doc, change, result] of RFC_7396) {
      it(`${JSON.stringify(doc)} with ${JSON.stringify(change)}`, async () => {
        await holding(doc);
        const reply = await patch(MERGE_PATCH, { details: { doc: change, kept: true } });
        expect(reply.status, reply.text).to.equal(200);
        expect(reply.at('details.doc')).to.deep.equal(result);
        expect(reply.at('details.kept')).to.equal(true);
      });
    }
  });

  describe('what no patch may do', () => {
    beforeEach(() => holding({ list: ['a', 'b'], text: 'x', deep: { er: 1 } }));
    const at = (pointer: string) => `/details/doc${pointer}`;
    const rows: [about: string, operations: unknown, status: number][] = [
      [
        'prototype pollution by JSON Patch paths: __proto__ of a member',
        [{ op: 'add', path: at('/__proto__/x'), value: 1 }],
        422,
      ],
      [
        'prototype pollution by JSON Patch paths: __proto__ as a member',
        [{ op: 'add', path: at('/__proto__'), value: { x: 1 } }],
        422,
      ],
      [
        'prototype pollution by JSON Patch paths: constructor.prototype',
        [{ op: 'add', path: at('/constructor/prototype/x'), value: 1 }],
        422,
      ],
      [
        'prototype pollution by JSON Patch paths: by copy',
        [{ op: 'copy', from: at('/__proto__'), path: at('/x') }],
        422,
      ],
      [
        'prototype pollution by JSON Patch paths: of a list',
        [{ op: 'add', path: at('/list/__proto__/x'), value: 1 }],
        422,
      ],
      ['the length of a list', [{ op: 'replace', path: at('/list/length'), value: 0 }], 422],
      ['an index beyond the list', [{ op: 'add', path: at('/list/3'), value: 'x' }], 422],
      ['an index with a zero before it', [{ op: 'add', path: at('/list/01'), value: 'x' }], 422],
      ['an index with a sign', [{ op: 'remove', path: at('/list/-1') }], 422],
      ['an index in another notation', [{ op: 'remove', path: at('/list/1e0') }], 422],
      ['the end of a list, removed', [{ op: 'remove', path: at('/list/-') }], 422],
      ['a value below a text', [{ op: 'add', path: at('/text/0'), value: 'x' }], 422],
      ['from into itself', [{ op: 'move', from: at('/deep'), path: at('/deep/er/down') }], 422],
      ['the whole resource away', [{ op: 'remove', path: '' }], 422],
      ['the whole resource for nothing', [{ op: 'replace', path: '', value: null }], 422],
      ['the id', [{ op: 'replace', path: '/id', value: 'root' }], 422],
      ['the id away', [{ op: 'remove', path: '/id' }], 422],
      ['the type', [{ op: 'replace', path: '/resourceType', value: 'User' }], 422],
      ['an element that is none', [{ op: 'add', path: '/nonsense', value: 1 }], 422],
      [
        'a good operation and a bad one',
        [
          { op: 'add', path: '/name', value: 'x' },
          { op: 'remove', path: '/no' },
        ],
        422,
      ],
      ['no list', { op: 'remove', path: '/name' }, 400],
      ['an operation of Object', [{ op: 'constructor', path: '/name' }], 400],
      ['an operation that is no object', [null], 400],
      ['a pointer without a slash', [{ op: 'remove', path: 'name' }], 400],
      ['a pointer with a bare tilde', [{ op: 'remove', path: '/na~2me' }], 400],
      ['no path', [{ op: 'remove' }], 400],
      ['no value', [{ op: 'add', path: '/name' }], 400],
      ['no from', [{ op: 'copy', path: '/name' }], 400],
      [
        'more operations than are taken',
        Array.from({ length: 1001 }, () => ({ op: 'test', path: '/x', value: 1 })),
        400,
      ],
    ];
    for (const [about, operations, status] of rows) {
      it(`${about}: ${status}`, async () => {
        const before = await stored();
        const reply = await patch(JSON_PATCH, operations);
        expect(reply.status, reply.text).to.equal(status);
        expect(await stored()).to.equal(before);
        expect(({} as Record<string, unknown>)['x']).to.equal(undefined);
      });
    }

    it('a copy bomb ends before it is large', async () => {
      const doubling = Array.from({ length: 60 }, (_, turn) => ({
        op: 'copy',
        from: at(''),
        path: at(`/again${turn}`),
      }));
      const reply = await patch(JSON_PATCH, doubling);
      expect([reply.status, reply.at('issue.0.code')]).to.deep.equal([422, 'business-rule']);
    });

    it('copies that make a large resource of one end where it could not be sent back', async () => {
      const given = Array.from({ length: 2000 }, (_, index) => `Given-${index}`);
      const path = '/Patient/copied';
      expect((await server.request('PUT', path, { as: asRoot, json: { name: [{ given }] } })).status).to.equal(201);
      const headers = { 'content-type': JSON_PATCH };
      const copies = (count: number) => {
        const body = JSON.stringify(
          Array.from({ length: count }, () => ({ op: 'copy', from: '/name/0', path: '/name/-' })),
        );
        return server.request('PATCH', path, { as: asRoot, headers, body });
      };
      const refused = await copies(500);
      expect([refused.status, refused.at('issue.0.code')]).to.deep.equal([422, 'business-rule']);
      expect(refused.at('issue.0.diagnostics')).to.equal('The patched resource would have more than 1048576 bytes.');
      const made = await copies(40);
      expect(made.status).to.equal(200);
      expect((await server.request('PUT', path, { as: asRoot, json: made.body })).status).to.equal(200);
    });

    it('what is changed is measured as if it were new', () => {
      const document = { list: ['a', { b: 'ü' }], text: 'x', deep: { er: 1 } };
      const operations = [
        { op: 'copy', from: '/list', path: '/list/1' },
        { op: 'move', from: '/text', path: '/deep/text' },
        { op: 'replace', path: '/list/0', value: [1, 22] },
        { op: 'remove', path: '/list/2/b' },
        { op: 'add', path: '/list/-', value: { long: 'y'.repeat(100) } },
      ];
      const patched = (most: number) => applyJsonPatch(document, operations, new PatchBounds(document, most));
      const fits = (most: number) => {
        try {
          new PatchBounds({}, most).refuseOverflow(patched(1000));
          return true;
        } catch {
          return false;
        }
      };
      const size = Array.from({ length: 1000 }, (_, most) => most).find(fits) ?? 0;
      expect(size).to.be.within(Buffer.byteLength(JSON.stringify(patched(1000))), 200);
      expect(patched(size)).to.deep.equal(patched(1000));
      const refuse = (most: number) => new PatchBounds(document, most).refuseOverflow(patched(most));
      expect(() => refuse(size - 1)).to.throw(`The patched resource would have more than ${size - 1} bytes.`);
      // What one operation adds the next may take away, within twice as much.
      expect(() => patched(size / 2 - 1)).to.throw(`The patched resource would have more than ${size / 2 - 1} bytes.`);
    });

    it('a patch that nests deeper than is read', async () => {
      const deepen = Array.from({ length: 120 }, (_, turn) => ({
        op: 'add',
        path: at(`/deep${'/d'.repeat(turn + 1)}`),
        value: {},
      }));
      expect((await patch(JSON_PATCH, deepen)).status).to.equal(422);
    });

    it('prototype pollution by a merge patch', async () => {
      const reply = await patch(MERGE_PATCH, '{"details":{"__proto__":{"x":1}}}');
      expect(reply.status).to.equal(400);
      expect((await patch(MERGE_PATCH, { details: { constructor: { prototype: { x: 1 } } } })).status).to.equal(200);
      expect(({} as Record<string, unknown>)['x']).to.equal(undefined);
    });

    for (const body of ['[]', '"x"', 'null', '7']) {
      it(`a merge patch that is ${body}: 400`, async () => {
        expect((await patch(MERGE_PATCH, body)).status).to.equal(400);
      });
    }
  });

  describe('secrets', () => {
    before(async () => {
      const json = { secret: 'guess-me', grant_types: ['basic'] };
      await server.request('PUT', '/Client/secretive', { as: asRoot, json });
    });

    it('JSON Patch test on a secret tells nothing', async () => {
      const replies: Reply[] = [];
      await server.request('PUT', '/Client/open', { as: asRoot, json: { grant_types: ['basic'] } });
      // Nor whether there is one.
      for (const path of ['/Client/secretive', '/Client/open']) {
        for (const value of ['guess-me', 'something-else', null]) {
          replies.push(await patch(JSON_PATCH, [{ op: 'test', path: '/secret', value }], path));
        }
      }
      expect(replies.map(({ status, text }) => [status, text])).to.deep.equal(
        replies.map(() => [422, replies[0]?.text]),
      );
    });

    for (const operation of [
      { op: 'copy', from: '/secret', path: '/description' },
      { op: 'move', from: '/secret', path: '/description' },
    ]) {
      it(`${operation.op} of a secret finds none`, async () => {
        expect((await patch(JSON_PATCH, [operation], '/Client/secretive')).status).to.equal(422);
      });
    }

    it('a patch keeps a secret, or sets another', async () => {
      const works = async (secret: string) =>
        (await server.request('GET', '/Patient', { as: { basic: ['secretive', secret] } })).status === 403;
      expect((await patch(MERGE_PATCH, { name: 'kept' }, '/Client/secretive')).status).to.equal(200);
      expect(await works('guess-me')).to.equal(true);
      const reply = await patch(
        JSON_PATCH,
        [{ op: 'add', path: '/secret', value: 'set-by-patch' }],
        '/Client/secretive',
      );
      expect([reply.status, reply.text.includes('set-by-patch')]).to.deep.equal([200, false]);
      expect([await works('guess-me'), await works('set-by-patch')]).to.deep.equal([false, true]);
    });
  });

  it('numbers keep their digits in what a patch leaves and in what it brings', async () => {
    await holding({});
    await patch(JSON_PATCH, '[{"op":"add","path":"/details/doc/a","value":2.30}]');
    const reply = await patch(MERGE_PATCH, '{"details":{"doc":{"b":1.00}}}');
    expect(reply.text).to.include('{"a":2.30,"b":1.00}');
    // By value: RFC 6902 §4.6.
    for (const [value, status] of [
      ['2.3', 200],
      ['2.300', 200],
      ['23e-1', 200],
      ['0.23E+1', 200],
      ['2.31', 422],
      ['-2.3', 422],
      ['23', 422],
      ['"2.30"', 422],
    ] as const) {
      const test = `[{"op":"test","path":"/details/doc/a","value":${value}}]`;
      expect((await patch(JSON_PATCH, test)).status, value).to.equal(status);
    }
  });
});
