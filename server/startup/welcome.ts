import type { Config } from '../config.ts';

/** Returns the text printed once on an empty database: the root client and three commands to try. */
export function welcome(config: Config, root: { id: string; generated: string | undefined }): string {
  const { baseUrl } = config;
  // A supplied secret is never printed: the operator knows it.
  const secret = root.generated ?? '$ROOT_CLIENT_SECRET';
  const patient = `resourceType: Patient\\nname:\\n- family: Lovelace\\n  given: [Ada]\\n`;
  const token = `curl -s ${baseUrl}/auth/token -u "${root.id}:${secret}" -d grant_type=client_credentials`;
  const bearer = '-H "Authorization: Bearer $TOKEN"';
  const yaml = "-H 'Content-Type: text/yaml' -H 'Accept: text/yaml'";
  return [
    '',
    'The database was empty. A root client with full access was created:',
    '',
    `  id      ${root.id}`,
    `  secret  ${root.generated ?? '(the one you supplied; the commands below read it from ROOT_CLIENT_SECRET)'}`,
    '',
    'The secret is not shown again; npm run reset-root creates a new one. Try it:',
    '',
    `TOKEN=$(${token} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `printf '${patient}' | curl -s -X PUT ${baseUrl}/Patient/ada ${bearer} ${yaml} --data-binary @-`,
    `curl -s "${baseUrl}/Patient?name=lovelace" ${bearer}`,
    '',
    '',
  ].join('\n');
}
