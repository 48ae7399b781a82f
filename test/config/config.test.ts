import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { client as clientDefinition } from '../../resources/types/client.ts';
import { atPort, ConfigError, readConfig, renderSettings } from '../../server/config.ts';
import { LONGEST_CLIENT_SECRET } from '../../server/config-values.ts';

describe('settings', () => {
  let folder: string;
  const write = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ward-config-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('need nothing', () => {
    const { trustedProxies, ...config } = readConfig({});
    expect(trustedProxies.rules).to.deep.equal([]);
    expect(config).to.deep.equal({
      port: 8081,
      host: '127.0.0.1',
      baseUrl: 'http://localhost:8081',
      databaseUrl: 'sqlite:data/ward.db',
      databaseReadUrl: undefined,
      workers: 1,
      rootClientId: 'root',
      rootClientSecret: undefined,
      initFile: undefined,
      resourceDefinitions: undefined,
      accessTokenExpiration: 3600,
      refreshTokenExpiration: 2592000,
      sessionMaxAge: undefined,
      sessionRetention: 2592000,
      auditRetention: 31536000,
      audience: [],
      signingAlg: 'RS256',
      privateJwksUris: false,
      keyEncryptionSecret: undefined,
      keyEncryptionSecretPrevious: undefined,
      maxBody: 1048576,
      corsOrigins: [],
      wardToken: undefined,
      logLevel: 'info',
      given: new Set(),
    });
  });

  it('know which of them were set, and by which variable', () => {
    const file = join(folder, 'given');
    writeFileSync(file, 'a-secret\n');
    const { given } = readConfig({ PORT: '', SIGNING_ALG: 'RS256', ROOT_CLIENT_SECRET_FILE: file, OTHER: 'x' });
    expect([...given].sort()).to.eql(['ROOT_CLIENT_SECRET_FILE', 'SIGNING_ALG']);
  });

  it('are frozen', () => {
    const config = readConfig({ AUDIENCE: 'a,b' });
    expect(Object.isFrozen(config) && Object.isFrozen(config.audience)).to.equal(true);
  });

  it('count as not set where they are empty', () => {
    expect(readConfig({ PORT: '', ROOT_CLIENT_SECRET: '', ROOT_CLIENT_SECRET_FILE: '' })).to.include({ port: 8081 });
    expect(readConfig({ ROOT_CLIENT_SECRET: '' }).rootClientSecret).to.equal(undefined);
  });

  const good: [env: Record<string, string>, name: keyof ReturnType<typeof readConfig>, value: unknown][] = [
    [{ PORT: '0' }, 'port', 0],
    [{ PORT: '9000' }, 'baseUrl', 'http://localhost:9000'],
    [{ HOST: '::1' }, 'host', '::1'],
    [{ BASE_URL: 'https://EHR.example.com:443' }, 'baseUrl', 'https://ehr.example.com'],
    [{ BASE_URL: 'https://example.com/ward' }, 'baseUrl', 'https://example.com/ward'],
    [{ DATABASE_URL: 'sqlite::memory:' }, 'databaseUrl', 'sqlite::memory:'],
    [{ DATABASE_URL: 'postgresql://u:p@h:5432/d' }, 'databaseUrl', 'postgresql://u:p@h:5432/d'],
    [{ DATABASE_URL: 'postgres:///d?host=/run/pg' }, 'databaseUrl', 'postgres:///d?host=/run/pg'],
    [{ WORKERS: '64', DATABASE_URL: 'postgres://h/d' }, 'workers', 64],
    [{ ROOT_CLIENT_SECRET: ' pass word ' }, 'rootClientSecret', ' pass word '],
    [{ AUDIENCE: 'https://a.example, urn:b' }, 'audience', ['https://a.example', 'urn:b']],
    [{ SIGNING_ALG: 'EdDSA' }, 'signingAlg', 'EdDSA'],
    [{}, 'privateJwksUris', false],
    [{ JWKS_URI_PRIVATE: 'true' }, 'privateJwksUris', true],
    [{ MAX_BODY: '512kb' }, 'maxBody', 524288],
    [{ MAX_BODY: '2MB' }, 'maxBody', 2097152],
    [{ MAX_BODY: '65536' }, 'maxBody', 65536],
    [{ CORS_ORIGINS: '*' }, 'corsOrigins', '*'],
    [{ CORS_ORIGINS: 'https://a.example, http://b:8080' }, 'corsOrigins', ['https://a.example', 'http://b:8080']],
  ];
  for (const [env, name, value] of good) {
    it(`${JSON.stringify(env)} gives ${JSON.stringify(value)}`, () => {
      expect(readConfig(env)[name]).to.deep.equal(value);
    });
  }

  it('the port that was taken completes a default BASE_URL and leaves a chosen one', () => {
    expect(atPort(readConfig({ PORT: '0' }), 4711)).to.include({ port: 4711, baseUrl: 'http://localhost:4711' });
    expect(atPort(readConfig({ PORT: '0', BASE_URL: 'http://a' }), 4711)).to.include({ baseUrl: 'http://a' });
  });

  it('TRUSTED_PROXIES holds addresses and networks of both families', () => {
    const { trustedProxies } = readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,fd00::/8' });
    expect(trustedProxies.check('10.9.8.7')).to.equal(true);
    expect(trustedProxies.check('192.0.2.1')).to.equal(true);
    expect(trustedProxies.check('::ffff:10.9.8.7', 'ipv6')).to.equal(true);
    expect(trustedProxies.check('fd12::1', 'ipv6')).to.equal(true);
    expect(trustedProxies.check('192.0.2.2')).to.equal(false);
  });

  describe('from files', () => {
    it('a secret loses the line break at its end and nothing else', () => {
      expect(readConfig({ ROOT_CLIENT_SECRET_FILE: write('a', ' s3cret \n') }).rootClientSecret).to.equal(' s3cret ');
      expect(readConfig({ ROOT_CLIENT_SECRET_FILE: write('b', 's3cret\r\n') }).rootClientSecret).to.equal('s3cret');
    });

    it('the mark of UTF-8 that some editors put before a text is no part of a secret', () => {
      expect(readConfig({ ROOT_CLIENT_SECRET_FILE: write('m', '\ufeffs3cret\n') }).rootClientSecret).to.equal('s3cret');
    });

    it('a secret of the root client may be as long as that of any Client', () => {
      expect(clientDefinition.elements['secret']).to.include({ maxLength: LONGEST_CLIENT_SECRET });
      const longest = 'x'.repeat(LONGEST_CLIENT_SECRET);
      expect(readConfig({ ROOT_CLIENT_SECRET: longest }).rootClientSecret).to.equal(longest);
    });

    it('a database URL holds a password, so it may be in a file too', () => {
      const url = 'postgres://u:p@h/d';
      expect(readConfig({ DATABASE_URL_FILE: write('url', `${url}\n`) }).databaseUrl).to.equal(url);
    });

    const rows: [why: string, env: () => Record<string, string>, message: RegExp][] = [
      ['none there', () => ({ ROOT_CLIENT_SECRET_FILE: join(folder, 'none') }), /^ROOT_CLIENT_SECRET_FILE .*ENOENT/],
      ['a folder', () => ({ ROOT_CLIENT_SECRET_FILE: folder }), /^ROOT_CLIENT_SECRET_FILE .*EISDIR/],
      ['an empty one', () => ({ ROOT_CLIENT_SECRET_FILE: write('c', '\n') }), /^ROOT_CLIENT_SECRET_FILE .*empty/],
      ['two lines', () => ({ ROOT_CLIENT_SECRET_FILE: write('d', 'hunter2\nx\n') }), /^ROOT_CLIENT_SECRET_FILE .*line/],
      [
        'one in another encoding',
        () => ({ ROOT_CLIENT_SECRET_FILE: write('h', Buffer.from('hunter2\u00e9', 'latin1')) }),
        /^ROOT_CLIENT_SECRET_FILE .*UTF-8/,
      ],
      ['a bad URL', () => ({ DATABASE_URL_FILE: write('e', 'hunter2') }), /^DATABASE_URL_FILE .*must be sqlite:PATH/],
      [
        'beside the variable',
        () => ({ ROOT_CLIENT_SECRET_FILE: write('f', 'a'), ROOT_CLIENT_SECRET: 'hunter2' }),
        /^ROOT_CLIENT_SECRET and ROOT_CLIENT_SECRET_FILE are both set/,
      ],
      [
        'INIT_FILE that is not there',
        () => ({ INIT_FILE: join(folder, 'none.yaml') }),
        /^INIT_FILE is not an existing file/,
      ],
      [
        'RESOURCE_DEFINITIONS that is a file',
        () => ({ RESOURCE_DEFINITIONS: write('g', '') }),
        /_DEFINITIONS is not an existing folder/,
      ],
      ['INIT_FILE that is a folder', () => ({ INIT_FILE: folder }), /^INIT_FILE is not an existing file/],
    ];
    for (const [why, env, message] of rows) {
      it(`${why}: refused`, () => {
        expect(() => readConfig(env())).to.throw(ConfigError, message);
        expect(() => readConfig(env())).not.to.throw(/hunter2/);
      });
    }
  });

  describe('refused in one line that names the variable and what it must be', () => {
    const bad: Record<string, string[]> = {
      PORT: ['http', '-1', '65536', '80.5', '0x50', ' 80', '1e3'],
      HOST: ['local host', 'a\nb'],
      BASE_URL: ['localhost:8081', 'ftp://a', 'http://', 'http://a/', 'http://a/b/', 'http://a?b', 'http://a#', '//a'],
      'BASE_URL ': ['http://user:hunter2@a', 'http://user@a', 'http://a:0', 'http:a'],
      DATABASE_URL: ['sqlite:', 'mysql://root:hunter2@h/d', 'data/ward.db', 'postgres://u:hunter2@h:port/d'],
      DATABASE_READ_URL: ['sqlite:data/ward.db', 'replica', 'mysql://root:hunter2@h/d'],
      WORKERS: ['0', '65', '2.5', 'auto'],
      ROOT_CLIENT_ID: ['a b', 'a/b', '..', 'ä', 'a'.repeat(65)],
      ROOT_CLIENT_SECRET: ['hunter2\n', 'hunter2\u0000', '   ', 'hunter2'.repeat(147)],
      ACCESS_TOKEN_EXPIRATION: ['0', '-5', '1h', '315360001', '1.5'],
      REFRESH_TOKEN_EXPIRATION: ['0', 'never'],
      AUDIENCE: ['a,,b', 'a b', ','],
      JWKS_URI_PRIVATE: ['yes', '1', 'TRUE'],
      SIGNING_ALG: ['HS256', 'none', 'rs256', 'constructor'],
      SESSION_MAX_AGE: ['0', '1d'],
      KEY_ENCRYPTION_SECRET: ['hunter2', 'hunter2 with a line break\n'],
      KEY_ENCRYPTION_SECRET_PREVIOUS: ['hunter2\n'],
      MAX_BODY: ['0', '1tb', 'big', '1023', '2000mb', '1.5mb', '-1kb'],
      TRUSTED_PROXIES: ['10.0.0.0/33', '10.0.0.1/', 'proxy', '::1/129', '10.0.0.1,', '10.0.0.1/-1', '1.2.3'],
      CORS_ORIGINS: [
        '*,https://a',
        'https://a/',
        'https://a/b',
        'a.example',
        'https://A.example',
        'null',
        'https://*.a',
      ],
      LOG_LEVEL: ['verbose', 'INFO'],
    };
    for (const [key, texts] of Object.entries(bad)) {
      const variable = key.trim();
      for (const text of texts) {
        it(`${variable}=${JSON.stringify(text.slice(0, 40))}`, () => {
          expect(() => readConfig({ [variable]: text })).to.throw(
            ConfigError,
            new RegExp(`^${variable} (is|has|ends) [^\\n]*; ${variable} must be [^\\n]+$`),
          );
          expect(() => readConfig({ [variable]: text })).not.to.throw(/hunter2/);
        });
      }
    }
  });

  it('several processes on a SQLite file are refused, with what to do', () => {
    const message = /^WORKERS [^\n]*SQLite[^\n]*DATABASE_URL to postgres:[^\n]*$/;
    expect(() => readConfig({ WORKERS: '2' })).to.throw(ConfigError, message);
    expect(() => readConfig({ WORKERS: '2', DATABASE_URL: 'sqlite::memory:' })).to.throw(ConfigError, message);
  });

  it('a replica of a SQLite file is refused, with what to do', () => {
    const env = { DATABASE_READ_URL: 'postgres://u:hunter2@h/d' };
    const message = /^DATABASE_READ_URL [^\n]*SQLite[^\n]*DATABASE_URL to postgres:[^\n]*$/;
    expect(() => readConfig(env)).to.throw(ConfigError, message);
    expect(() => readConfig(env)).not.to.throw(/hunter2/);
    const both = readConfig({ ...env, DATABASE_URL: 'postgres://h/d' });
    expect(both.databaseReadUrl).to.equal('postgres://u:hunter2@h/d');
  });

  it('are documented by a table with a row each', () => {
    const table = renderSettings();
    const { given, ...settings } = readConfig({});
    expect(given.size).to.equal(0);
    expect(table.split('\n').length).to.equal(Object.keys(settings).length + 3);
    expect(table).to.include('| `PORT` | `8081` | Port to listen on');
    expect(table).to.include('| `ROOT_CLIENT_SECRET`, `ROOT_CLIENT_SECRET_FILE` | generated, printed once |');
  });
});
