/** A resource of each type that a caller may write, and the same with a change. */
import type { Reply } from '../harness/http.ts';

export type Resource = Record<string, unknown>;

export interface Example {
  type: string;
  resource: Resource;
  changed: Resource;
  /** A secret that goes with the resource and never comes back. */
  secret?: Resource;
}

const CLIENT = {
  name: 'Ward round',
  active: true,
  grant_types: ['basic', 'client_credentials'],
  scope: ['rounds', 'beds'],
  auth: { client_credentials: { access_token_expiration: 300 } },
  details: { owner: { floor: 3, night: false } },
};
const USER = {
  name: { givenName: 'Zoë', familyName: 'Åström' },
  roles: [{ value: 'doctor' }, { value: 'no' }],
  data: { since: '2020-01-01', pager: '0123', deep: [[1], [2.5, null]] },
};
const POLICY = { engine: 'allow', description: 'Doctors: yes', link: [{ resourceType: 'Role', id: 'doctor' }] };
const PATIENT = {
  active: true,
  name: [{ family: "O'Brien – Müller", given: ['Ана', '李'] }],
  birthDate: '1974-12-25',
  multipleBirthInteger: 2,
  address: [{ postalCode: '02134', line: ['1 "Main" St', '# 4: b'] }],
};

export const EXAMPLES: Example[] = [
  { type: 'Client', resource: CLIENT, changed: { ...CLIENT, active: false }, secret: { secret: 'kept: by "nobody"' } },
  { type: 'User', resource: USER, changed: { ...USER, inactive: true }, secret: { password: 'correct horse #1' } },
  { type: 'AccessPolicy', resource: POLICY, changed: { ...POLICY, link: [{ reference: 'User/nobody' }] } },
  { type: 'Patient', resource: PATIENT, changed: { ...PATIENT, gender: 'other' } },
];

/** The resource of an answer without what the server sets. */
export function contentOf(reply: Reply): Resource {
  const { resourceType: _type, id: _id, meta: _meta, ...content } = reply.body as Resource;
  return content;
}
