/** A declaration that cannot be meant as it is written is refused by a line that names file, place and remedy. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ConfigError } from '../../server/config.ts';
import { openRegistry } from '../../server/startup/declarations.ts';

describe('declarations of types', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ward-declarations-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function refusal(...texts: string[]): Promise<string> {
    for (const [index, text] of texts.entries()) writeFileSync(path.join(folder, `${index}.yaml`), text);
    const error = await openRegistry(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).to.match(/^RESOURCE_DEFINITIONS, \d\.yaml[:,] [^\n]+$/);
    return message;
  }

  const element = (text: string) => `{name: Ticket, elements: {title: ${text}}}`;
  const search = (text: string) => `{name: Ticket, elements: {title: {type: string}}, search: {t: ${text}}}`;
  const secret = (text: string) => `{name: Ticket, elements: {title: ${text}}, secrets: [title]}`;

  const ROWS: [declaration: string, place: string, message: RegExp][] = [
    ['name: [', '', /line 1/],
    ['[]', 'the declaration', /must be of type object/],
    ['{elements: {}}', 'the declaration', /must have name/],
    ['{name: Ticket}', 'the declaration', /must have elements/],
    ['{name: ticket, elements: {}}', 'name', /starts with a capital/],
    ['{name: Patient, elements: {}}', 'name', /there is already a type Patient/],
    ['{name: Client, elements: {}}', 'name', /there is already a type Client/],
    ['{name: HumanName, elements: {}}', 'name', /there is already a type HumanName/],
    ['{name: Ticket, base: Patient, elements: {}}', 'base', /must be one of "DomainResource", "Resource"/],
    [
      '{name: Ticket, governsAccess: true, elements: {}}',
      'the declaration',
      /must not have "governsAccess"; it can have name, /,
    ],
    ['{name: Ticket, elements: {Title: {type: string}}}', 'elements.Title', /starts with a lowercase letter/],
    ['{name: Ticket, elements: {resourceType: {type: string}}}', 'elements.resourceType', /other than resourceType/],
    ['{name: Ticket, elements: {meta: {type: Meta}}}', 'elements.meta', /is inherited from DomainResource/],
    [element('{}'), 'elements.title', /must have one of type, choice, /],
    [element('{type: string, open: true}'), 'elements.title', /must have one of type, choice, /],
    [element('{type: strng}'), 'elements.title', /unknown type, strng/],
    [element('{type: string, min: 2}'), 'elements.title.min', /must be one of 0, 1/],
    [element('{type: string, required: true}'), 'elements.title', /must not have "required"; it can have type, /],
    [element('{type: code, codes: [1]}'), 'elements.title.codes\\[0\\]', /must be a string: put it in quotes/],
    [element('{choice: [string, date], list: true}'), 'elements.title', /cannot be both a list and a choice/],
    [element('{sameAs: Ticket.item}'), 'elements.title', /refer to an element with elements/],
    [element('{type: Reference, targets: [Nobody]}'), 'elements.title', /unknown resource type, Nobody/],
    [element('{elements: {part: {type: x}}}'), 'elements.title.elements.part', /unknown type, x/],
    [
      '{name: Ticket, elements: {value: {choice: [string, date]}, valueDate: {type: date}}}',
      'elements.valueDate',
      /share the property valueDate/,
    ],
    [search('{paths: [[title]]}'), 'search.t', /must have kind/],
    [search('{kind: fuzzy, paths: [[title]]}'), 'search.t.kind', /must be one of "string"/],
    [search('{kind: special, paths: [[title]]}'), 'search.t.paths', /that a special parameter can search/],
    [search('{kind: string, paths: [[titel]]}'), 'search.t.paths', /lead to no element/],
    [search('{kind: quantity, paths: [[title]]}'), 'search.t.paths', /that a quantity parameter can search/],
    [search('{kind: string, paths: [[{as: a, at: 1}]]}'), 'search.t.paths\\[0\\]\\[0\\]', /only one of as, /],
    [search('{kind: composite, paths: [[title]]}'), 'search.t', /must have components if its kind is composite/],
    [search('{kind: reference, paths: [[title]], targets: [No]}'), 'search.t.targets', /unknown resource type, No/],
    ['{name: Ticket, elements: {}, search: {_t: {kind: token, paths: [[id]]}}}', 'search._t', /lowercase letters/],
    ['{name: Ticket, elements: {}, secrets: [pin]}', 'secrets\\[0\\]', /must name a string element/],
    [secret('{type: string, min: 1}'), 'secrets\\[0\\]', /neither a list nor required/],
  ];
  for (const [declaration, place, message] of ROWS) {
    it(`${declaration.slice(0, 90)}: refused`, async () => {
      const told = await refusal(declaration);
      expect(told).to.match(message);
      expect(told).to.match(new RegExp(`^RESOURCE_DEFINITIONS, 0\\.yaml[:,] .*${place}`));
    });
  }

  it('a parameter that would read a secret is refused', async () => {
    const parameter = 'search: {t: {kind: string, paths: [[title]]}}';
    const told = await refusal(`{name: Ticket, elements: {title: {type: string}}, secrets: [title], ${parameter}}`);
    expect(told).to.match(/Ticket\.t would search by the secret title/);
  });

  it('parameters that would share a number in the index are refused', async () => {
    // Those that read the same would share their rows, and so a number.
    const parameters = 'p14p1: {kind: string, paths: [[title]]}, p1cbi: {kind: string, paths: [[note]]}';
    const elements = 'title: {type: string}, note: {type: string}';
    writeFileSync(path.join(folder, 'a.yaml'), `{name: Ticket, elements: {${elements}}, search: {${parameters}}}`);
    const error = await openRegistry(folder).catch((reason: unknown) => reason);
    expect(String(error)).to.match(
      /Ticket\.p1cbi and Ticket\.p14p1 have the same number in the index: rename one of them/,
    );
  });

  it('what has the name of a file and cannot be read is refused, naming it', async () => {
    mkdirSync(path.join(folder, '0.yaml'));
    expect(await refusal()).to.equal('RESOURCE_DEFINITIONS, 0.yaml: cannot be read (EISDIR)');
  });

  it('a name that two files declare is refused, naming the second', async () => {
    expect(await refusal(element('{type: string}'), element('{type: string}'))).to.match(/ 1\.yaml: name is taken/);
  });

  it('all that is wrong with a file is told', async () => {
    const told = await refusal('{name: Ticket, elements: {a: {type: x}, b: {type: y}}, secrets: [c]}');
    expect(told).to.match(/elements\.a .*; elements\.b .*; secrets\[0\] /);
  });

  it('types may refer to each other, whatever the order of their files', async () => {
    const a = '{name: Alpha, elements: {b: {type: Reference, targets: [Beta]}}}';
    const b = '{name: Beta, base: Resource, elements: {a: {type: Reference, targets: [Alpha]}}}';
    writeFileSync(path.join(folder, 'a.yml'), a);
    writeFileSync(path.join(folder, 'b.json'), JSON.stringify({ name: 'Beta', elements: {} }));
    expect((await openRegistry(folder)).registry.names()).to.include.members(['Alpha', 'Beta', 'Observation']);
    writeFileSync(path.join(folder, 'b.json'), JSON.stringify({ name: 'Gamma', elements: {} }));
    writeFileSync(path.join(folder, 'c.yaml'), b);
    expect((await openRegistry(folder)).registry.get('Beta')?.elements).not.to.have.property('text');
  });
});
