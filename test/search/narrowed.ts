import type { Api } from '../auth/http/api.ts';
import type { Identity, Reply } from '../harness/http.ts';

/** The caller whom policies narrow. */
export const APP: Identity = { basic: ['app', 'app-secret'] };

/** Makes that caller; gives what shows it those resources of a type that satisfy criteria, and no others. */
export async function narrowed(api: Api): Promise<(resource: string, criteria: string) => Promise<Reply>> {
  await api.put('/Client/app', { secret: 'app-secret', grant_types: ['basic'] });
  return (resource, criteria) =>
    api.put(`/AccessPolicy/${resource.toLowerCase()}`, {
      engine: 'criteria',
      link: [{ reference: 'Client/app' }],
      resource,
      criteria,
    });
}
