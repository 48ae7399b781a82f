/** A malformed request and what it must be answered: a row of a table. */
import type { RequestOptions } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

export interface Row {
  /** What is wrong; at most ten rows share one. */
  cause: string;
  name: string;
  method: string;
  path: string;
  options: RequestOptions;
  status: number;
  /** The issue's code, or OAuth's `error` under `/auth`. */
  code: string;
  /** Where it is wrong, in FHIRPath, where that can be said. */
  expression?: string | undefined;
}

type Compact = [name: string, request: RequestOptions, status: number, code: string, expression?: string];

/** Requests to one address, sent as the root client: `Patient/x` is put, and what is wrong is in the body. */
export function bodies(cause: string, method: string, path: string, rows: Compact[]): Row[] {
  return rows.map(([name, options, status, code, expression]) => {
    return { cause, name, method, path, options: { as: asRoot, ...options }, status, code, expression };
  });
}

/** Requests without a body, sent as the root client: what is wrong is in the address. */
export function addresses(cause: string, method: string, status: number, code: string, paths: string[]): Row[] {
  return paths.map((path) => {
    const name = path.length > 80 ? `${path.slice(0, 80)}…` : path;
    return { cause, name, method, path, options: { as: asRoot }, status, code };
  });
}

/** Requests to one address that differ in one header. */
export function headers(
  cause: string,
  [method, path, header]: [method: string, path: string, header: string],
  [status, code]: [status: number, code: string],
  values: string[],
  options: RequestOptions = {},
): Row[] {
  return values.map((value) => {
    const name = `${header}: ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`;
    const sent = { as: asRoot, ...options, headers: { [header]: value } };
    return { cause, name, method, path, options: sent, status, code };
  });
}

/** A JSON body as it is written. */
export function json(body: string | Buffer): RequestOptions {
  return { body, headers: { 'content-type': 'application/fhir+json' } };
}
