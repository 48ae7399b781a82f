/** Reads the parameters of OAuth requests (https://www.rfc-editor.org/rfc/rfc6749#section-3.2). */
import { isObject, type Json } from '../../resources/json/value.ts';
import { OAuthError } from '../errors.ts';

/** A body as parsed by the HTTP layer: the pairs of a form in order, or a JSON value. */
export type ParsedBody = { form: Pair[] } | { json: Json } | undefined;

/** A parameter as it was sent. */
export type Pair = [name: string, value: string];

interface Parameter {
  /** The longest value, in characters. */
  longest: number;
  /** True if it may be repeated. */
  repeats?: true;
}

/** Every parameter that an endpoint reads or recognises. Others are ignored. */
const PARAMETERS = {
  grant_type: { longest: 100 },
  client_id: { longest: 256 },
  client_secret: { longest: 1024 },
  client_assertion_type: { longest: 256 },
  client_assertion: { longest: 16_384 },
  username: { longest: 256 },
  password: { longest: 1024 },
  refresh_token: { longest: 8_192 },
  token: { longest: 8_192 },
  token_type_hint: { longest: 100 },
  scope: { longest: 4_096 },
  code: { longest: 256 },
  code_verifier: { longest: 256 },
  redirect_uri: { longest: 2_048 },
  response_type: { longest: 100 },
  response_mode: { longest: 100 },
  state: { longest: 4_096 },
  nonce: { longest: 1_024 },
  code_challenge: { longest: 256 },
  code_challenge_method: { longest: 100 },
  prompt: { longest: 256 },
  max_age: { longest: 20 },
  login_hint: { longest: 256 },
  id_token_hint: { longest: 8_192 },
  aud: { longest: 1_024 },
  request: { longest: 16_384 },
  request_uri: { longest: 2_048 },
  registration: { longest: 8_192 },
  audience: { longest: 1_024, repeats: true },
  resource: { longest: 1_024, repeats: true },
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof PARAMETERS;
type SingleName = Exclude<ParameterName, 'audience' | 'resource'>;

/** Returns true for the name of a parameter in `PARAMETERS`. */
function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

const MOST_REPEATED = 20;
// A lone surrogate cannot be encoded in UTF-8 and NUL cannot be stored: no account or token contains either.
const UNUSABLE = /[\0\p{Surrogate}]/u;

/** The parameters of one request. An empty one counts as omitted (RFC 6749 §3.2). */
export class Parameters {
  readonly #values: Map<string, string[]>;

  private constructor(values: Map<string, string[]>) {
    this.#values = values;
  }

  /**
   * Reads the parameters of a body. Throws `invalid_request` for one that is repeated, not a string, too long, or in
   * the query, where it would be logged.
   */
  static read(body: ParsedBody, query: URLSearchParams): Parameters {
    const misplaced = [...query.keys()].find(isParameter);
    if (misplaced !== undefined) {
      throw new OAuthError('invalid_request', `${misplaced} must be in the request body, not in the URL.`);
    }
    return Parameters.of(body === undefined ? [] : 'form' in body ? body.form : pairsOf(body.json));
  }

  /** Reads the parameters among the pairs of a query or form. Throws `invalid_request` like `read`. */
  static of(pairs: readonly Pair[]): Parameters {
    const seen = new Set<string>();
    const values = new Map<string, string[]>();
    for (const [name, value] of pairs) {
      const known: Parameter | undefined = isParameter(name) ? PARAMETERS[name] : undefined;
      if (seen.has(name) && !known?.repeats) {
        throw new OAuthError('invalid_request', `${known ? name : 'A parameter'} must not be repeated.`);
      }
      seen.add(name);
      if (!isParameter(name) || value === '') continue;
      const problem = problemOf(name, value);
      if (problem !== undefined) throw new OAuthError('invalid_request', problem);
      const all = values.get(name) ?? [];
      if (all.length === MOST_REPEATED) throw new OAuthError('invalid_request', 'A parameter is repeated too often.');
      all.push(value);
      values.set(name, all);
    }
    return new Parameters(values);
  }

  /**
   * Reads only the valid parameters of a body that may be refused; of repeated ones the last. For the audit only, never
   * for processing a request.
   */
  static legible(body: ParsedBody): Parameters {
    const json = body && 'json' in body && isObject(body.json) ? Object.entries(body.json) : [];
    const pairs = body && 'form' in body ? body.form : json;
    const sound = pairs.flatMap(([name, value]): [string, string[]][] => {
      if (!isParameter(name) || typeof value !== 'string' || value === '' || problemOf(name, value)) return [];
      return [[name, [value]]];
    });
    return new Parameters(new Map(sound));
  }

  get(name: SingleName): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** Like `get`; throws `invalid_request` if the parameter is missing. */
  require(name: SingleName): string {
    const value = this.get(name);
    if (value === undefined) throw new OAuthError('invalid_request', `${name} is required.`);
    return value;
  }

  all(name: 'audience' | 'resource'): string[] {
    return this.#values.get(name) ?? [];
  }
}

function problemOf(name: ParameterName, value: string): string | undefined {
  if (value.length > PARAMETERS[name].longest) return `${name} is too long.`;
  return UNUSABLE.test(value) ? `${name} contains an invalid character.` : undefined;
}

/** Returns the parameters in a JSON object as pairs: null counts as omitted, a list as a repeated parameter. */
function pairsOf(json: Json): Pair[] {
  if (!isObject(json)) throw new OAuthError('invalid_request', 'The body must be a JSON object.');
  return Object.entries(json).flatMap(([name, value]): Pair[] => {
    if (!isParameter(name) || value === null) return [];
    const { repeats }: Parameter = PARAMETERS[name];
    const all = repeats && Array.isArray(value) ? value : [value];
    return all.map((each) => {
      if (typeof each !== 'string') throw new OAuthError('invalid_request', `${name} must be a string.`);
      return [name, each];
    });
  });
}
