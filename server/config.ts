import * as value from './config-values.ts';

/** One setting. `takes` completes the sentence "PORT must be …"; `meaning` is its text in the documentation. */
interface Setting<Value> {
  variable: string;
  /** The text to parse if the variable is not set. */
  default: string | undefined;
  /** The default as the documentation shows it, if that differs from the text. */
  shown?: string;
  /** A secret may also come from the file that `<variable>_FILE` names, and is never printed. */
  secret?: true;
  takes: string;
  meaning: string;
  parse(text: string): Value;
}

const withDefault = <Value>(setting: Setting<Value> & { default: string }): Setting<Value> => setting;
const optional = <Value>(setting: Omit<Setting<Value>, 'default'>): Setting<Value | undefined> => ({
  default: undefined,
  ...setting,
});

const TEN_YEARS = 10 * 365 * 24 * 3600;
const ONE_GIGABYTE = 1024 ** 3;

/** All settings, one row each. A new setting needs nothing but a row. */
const SETTINGS = {
  port: withDefault({
    variable: 'PORT',
    default: '8081',
    takes: 'a port from 0 to 65535',
    meaning: 'Port to listen on; `0` takes a free port and prints it.',
    parse: value.wholeNumber(0, 65535),
  }),
  host: withDefault({
    variable: 'HOST',
    default: '127.0.0.1',
    takes: 'an IP address or a host name of this machine',
    meaning: 'Address to listen on; `0.0.0.0` or `::` for all addresses.',
    parse: value.word,
  }),
  baseUrl: optional({
    variable: 'BASE_URL',
    shown: '`http://localhost:PORT`',
    takes: 'an http or https URL without query, fragment, user name or trailing slash',
    meaning: 'Public URL: the issuer of tokens and the base of every absolute link.',
    parse: value.baseUrl,
  }),
  databaseUrl: withDefault({
    variable: 'DATABASE_URL',
    default: 'sqlite:data/ward.db',
    secret: true,
    takes: 'sqlite:PATH, sqlite::memory: or postgres://user:password@host/database',
    meaning: 'The database: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.',
    parse: value.databaseUrl,
  }),
  databaseReadUrl: optional({
    variable: 'DATABASE_READ_URL',
    secret: true,
    takes: 'postgres://user:password@host/database; DATABASE_URL must be PostgreSQL too',
    meaning: 'Read replica that serves searches and histories ([how](docs/nodes.md#replicas)).',
    parse: value.postgresUrl,
  }),
  workers: withDefault({
    variable: 'WORKERS',
    default: '1',
    takes: 'a number of processes from 1 to 64; more than 1 requires PostgreSQL',
    meaning: 'Number of processes that share the port; more than one requires PostgreSQL ([how](docs/nodes.md)).',
    parse: value.wholeNumber(1, 64),
  }),
  rootClientId: withDefault({
    variable: 'ROOT_CLIENT_ID',
    default: 'root',
    takes: 'an id: 1 to 64 letters, digits, hyphens and dots',
    meaning: 'Id of the root client, which is created on an empty database.',
    parse: value.resourceId,
  }),
  rootClientSecret: optional({
    variable: 'ROOT_CLIENT_SECRET',
    shown: 'generated, printed once',
    secret: true,
    takes: `text of at most ${value.LONGEST_CLIENT_SECRET} characters, without control characters`,
    meaning: 'Its secret. A different value at a later start resets the secret of the Client created as root.',
    parse: value.clientSecret,
  }),
  initFile: optional({
    variable: 'INIT_FILE',
    takes: 'the path of a YAML or JSON file',
    meaning:
      'A YAML or JSON file with a Bundle of PUTs or a list of resources, applied in one transaction before listening.',
    parse: value.file,
  }),
  resourceDefinitions: optional({
    variable: 'RESOURCE_DEFINITIONS',
    takes: 'the path of a folder',
    meaning: 'A folder with a YAML file for each of your own resource types ([how](docs/types.md)).',
    parse: value.folder,
  }),
  accessTokenExpiration: withDefault({
    variable: 'ACCESS_TOKEN_EXPIRATION',
    default: '3600',
    takes: `a number of seconds from 1 to ${TEN_YEARS}`,
    meaning: 'Lifetime of access tokens in seconds, unless the Client sets its own.',
    parse: value.wholeNumber(1, TEN_YEARS),
  }),
  refreshTokenExpiration: withDefault({
    variable: 'REFRESH_TOKEN_EXPIRATION',
    default: '2592000',
    takes: `a number of seconds from 1 to ${TEN_YEARS}`,
    meaning: 'Lifetime of refresh tokens in seconds, from their last use, unless the Client sets its own.',
    parse: value.wholeNumber(1, TEN_YEARS),
  }),
  sessionMaxAge: optional({
    variable: 'SESSION_MAX_AGE',
    takes: `a number of seconds from 1 to ${TEN_YEARS}`,
    meaning: 'Maximum age of a Session in seconds; refreshing does not extend it.',
    parse: value.wholeNumber(1, TEN_YEARS),
  }),
  sessionRetention: withDefault({
    variable: 'SESSION_RETENTION',
    default: '2592000',
    takes: `a number of seconds from 0 to ${TEN_YEARS}`,
    meaning: 'Seconds to keep a Session after it has ended or expired; then it is deleted permanently.',
    parse: value.wholeNumber(0, TEN_YEARS),
  }),
  auditRetention: withDefault({
    variable: 'AUDIT_RETENTION',
    default: '31536000',
    takes: `a number of seconds from 0 to ${TEN_YEARS}`,
    meaning: "Seconds to keep the server's own AuditEvents; `0` turns them off ([what they record](docs/audit.md)).",
    parse: value.wholeNumber(0, TEN_YEARS),
  }),
  audience: withDefault({
    variable: 'AUDIENCE',
    default: '',
    takes: 'a comma-separated list of audiences without spaces in them',
    meaning: '`aud` values, comma separated, that this server accepts besides `BASE_URL`.',
    parse: (text) => (text === '' ? Object.freeze<string[]>([]) : value.list(value.word)(text)),
  }),
  signingAlg: withDefault({
    variable: 'SIGNING_ALG',
    default: 'RS256',
    takes: 'RS256, ES256 or EdDSA',
    meaning: 'Algorithm that signs new tokens: `RS256`, `ES256` or `EdDSA`.',
    parse: value.oneOf('RS256', 'ES256', 'EdDSA'),
  }),
  keyEncryptionSecret: optional({
    variable: 'KEY_ENCRYPTION_SECRET',
    secret: true,
    takes: 'text of at least 16 characters, without control characters',
    meaning: "Secret that encrypts the server's own keys in the database ([how](docs/configuration.md#the-keys)).",
    parse: value.longSecret(16),
  }),
  keyEncryptionSecretPrevious: optional({
    variable: 'KEY_ENCRYPTION_SECRET_PREVIOUS',
    secret: true,
    takes: 'the previous KEY_ENCRYPTION_SECRET',
    meaning: 'The previous `KEY_ENCRYPTION_SECRET`, for the one start that changes it.',
    parse: value.secret,
  }),
  privateJwksUris: withDefault({
    variable: 'JWKS_URI_PRIVATE',
    default: 'false',
    takes: 'true or false',
    meaning: '`true` allows plain http and private networks in `Client.jwks_uri` ([why not](docs/configuration.md)).',
    parse: value.trueOrFalse,
  }),
  maxBody: withDefault({
    variable: 'MAX_BODY',
    default: '1mb',
    takes: 'a size from 1kb to 1024mb, such as 512kb, 1mb or a number of bytes',
    meaning: 'Maximum size of a request body, decompressed: `512kb`, `1mb` or a number of bytes.',
    parse: value.bytes(1024, ONE_GIGABYTE),
  }),
  trustedProxies: withDefault({
    variable: 'TRUSTED_PROXIES',
    default: '',
    takes: 'a comma-separated list of IP addresses and CIDRs, such as 10.0.0.0/8',
    meaning: 'CIDRs of proxies, comma separated, whose `X-Forwarded-For` is trusted in limits, logs and Sessions.',
    parse: value.networks,
  }),
  corsOrigins: withDefault({
    variable: 'CORS_ORIGINS',
    default: '',
    takes: '* or a comma-separated list of origins, such as https://app.example.com',
    meaning: 'Origins of browser apps besides those of Clients, comma separated, or `*` (never with credentials).',
    parse: (text) => (text === '' ? Object.freeze<string[]>([]) : value.origins(text)),
  }),
  wardToken: optional({
    variable: 'WARD_TOKEN',
    secret: true,
    takes: 'an access token',
    meaning: 'Token that `npm run import`, `export` and `keys` use to call a running server; default: the root client.',
    parse: value.word,
  }),
  logLevel: withDefault({
    variable: 'LOG_LEVEL',
    default: 'info',
    takes: 'fatal, error, warn, info, debug, trace or silent',
    meaning: 'Minimum log level: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
    parse: value.oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),
};

type Settings = typeof SETTINGS;
type Values = { [Name in keyof Settings]: ReturnType<Settings[Name]['parse']> };

/**
 * The settings in force: sizes in bytes, durations in seconds. `baseUrl` is final once the port is known (`atPort`).
 */
export type Config = Readonly<
  Omit<Values, 'baseUrl'> & {
    baseUrl: string;
    /** The variables that the environment sets, as opposed to defaults. */
    given: ReadonlySet<string>;
  }
>;

/** An invalid setting. The message is one line: the variable, what is wrong, and what it takes. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** The input of readConfig: `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks every setting; an empty variable counts as not set.
 * Throws a ConfigError for the first invalid value, or for values that contradict each other.
 */
export function readConfig(env: Environment): Config {
  const entries = Object.entries<Setting<unknown>>(SETTINGS).map(([name, setting]) => [name, read(setting, env)]);
  // The rows of the table give each name its type.
  const values = Object.fromEntries(entries) as Values;
  if (values.databaseUrl.startsWith('sqlite:')) refuseOnSqlite(values);
  const given = new Set(Object.values<Setting<unknown>>(SETTINGS).flatMap((setting) => sourcesIn(setting, env)));
  return Object.freeze({ ...values, baseUrl: values.baseUrl ?? localUrl(values.port), given });
}

function refuseOnSqlite({ workers, databaseReadUrl }: Values): void {
  if (workers > 1) {
    const remedy = 'set DATABASE_URL to postgres://…, or WORKERS to 1';
    throw new ConfigError(`WORKERS must be 1 with SQLite, which allows one process: ${remedy}`);
  }
  if (databaseReadUrl !== undefined) {
    const remedy = 'set DATABASE_URL to postgres://…, or unset DATABASE_READ_URL';
    throw new ConfigError(`DATABASE_READ_URL cannot be used with SQLite, which has no replicas: ${remedy}`);
  }
}

/** Returns the settings with the port in use: with `PORT=0` it is known only after listening. */
export function atPort(config: Config, port: number): Config {
  const baseUrl = config.baseUrl === localUrl(0) ? localUrl(port) : config.baseUrl;
  return Object.freeze({ ...config, port, baseUrl });
}

const localUrl = (port: number): string => `http://localhost:${port}`;

/** Returns the variables that set a setting: none, or one; two if the environment contradicts itself. */
function sourcesIn({ variable, secret }: Setting<unknown>, env: Environment): string[] {
  return [...(secret ? [`${variable}_FILE`] : []), variable].filter((name) => env[name]);
}

function read<Value>(setting: Setting<Value>, env: Environment): Value | undefined {
  const { variable, takes } = setting;
  const [source = variable, ...others] = sourcesIn(setting, env);
  if (others.length > 0) throw new ConfigError(`${variable} and ${source} are both set: set only one of them`);
  const text = source === variable ? env[variable] || setting.default : readSecret(source, env[source] ?? '');
  if (text === undefined) return undefined;
  try {
    return setting.parse(text);
  } catch (error) {
    const wrong = error instanceof Error ? error.message : 'is not valid';
    // No `cause`: anything that prints it would print the value.
    throw new ConfigError(`${source} ${wrong}; ${variable} must be ${takes}`);
  }
}

function readSecret(variable: string, path: string): string {
  try {
    return value.textIn(path);
  } catch (error) {
    const wrong = error instanceof Error ? error.message : 'is not valid';
    throw new ConfigError(`${variable} ${wrong}; it must be the path of a file that contains the secret`);
  }
}

/** Renders the table of settings as Markdown, for the documentation. */
export function renderSettings(): string {
  const rows = Object.values<Setting<unknown>>(SETTINGS).map((setting) => {
    const names = setting.secret ? `\`${setting.variable}\`, \`${setting.variable}_FILE\`` : `\`${setting.variable}\``;
    const fallback = setting.shown ?? (setting.default ? `\`${setting.default}\`` : 'none');
    return `| ${names} | ${fallback} | ${setting.meaning} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}
