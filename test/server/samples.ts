import type { Reply, RequestOptions } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

/** The numbers of `/metrics`, by name and labels as they stand there. */
export type Samples = Map<string, number>;

/** Reads the metrics of a server as its root client. */
export async function readMetrics(server: {
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
}): Promise<Samples> {
  const { status, text } = await server.request('GET', '/metrics', { as: asRoot });
  if (status !== 200) throw new Error(`no metrics: ${status} ${text}`);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line): [string, number] => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space))];
    }),
  );
}
