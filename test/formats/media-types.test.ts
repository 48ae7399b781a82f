import { expect } from 'chai';
import { describe, it } from 'mocha';
import { bodyType, valueType } from '../../server/formats/media-types.ts';
import { negotiate } from '../../server/formats/negotiate.ts';
import { refusal } from './refusal.ts';

const FHIR = 'application/fhir+json; charset=utf-8';
const PLAIN = 'application/json; charset=utf-8';
const YAML = 'text/yaml; charset=utf-8';

const parseBody = (text: string, type: string | undefined) => valueType(type, ['resource']).format.parse(text);

describe('media types', () => {
  describe('of a body', () => {
    for (const type of ['application/fhir+json', 'application/json', 'APPLICATION/JSON;charset=UTF-8']) {
      it(`${type} is JSON`, () => {
        expect(parseBody('{"a": 1}', type)).to.deep.equal({ a: 1 });
      });
    }

    for (const type of ['text/yaml', 'application/yaml', 'application/x-yaml', 'text/x-yaml; charset="utf8"']) {
      it(`${type} is YAML`, () => {
        expect(parseBody('a: 2020-01-01', type)).to.deep.equal({ a: '2020-01-01' });
      });
    }

    it('parameters other than the charset do not matter', () => {
      expect(parseBody('1', 'application/fhir+json; fhirVersion=4.0; charset=utf-8')).to.equal(1);
    });

    it('a patch or a form is taken only where it is expected', () => {
      expect(bodyType('application/json-patch+json', ['json-patch', 'merge-patch']).kind).to.equal('json-patch');
      expect(bodyType('application/merge-patch+json', ['json-patch', 'merge-patch']).kind).to.equal('merge-patch');
      expect(bodyType('application/x-www-form-urlencoded', ['form', 'resource']).kind).to.equal('form');
    });

    it('a form is UTF-8, whatever charset is named', () => {
      for (const charset of ['ISO-8859-1', '"us-ascii"', 'utf-16', '']) {
        const type = `application/x-www-form-urlencoded; charset=${charset}`;
        expect(bodyType(type, ['form', 'resource']).kind).to.equal('form');
      }
    });

    const rows: [why: string, type: string | undefined][] = [
      ['none', undefined],
      ['an empty one', ''],
      ['XML', 'application/fhir+xml'],
      ['text', 'text/plain'],
      ['a form', 'application/x-www-form-urlencoded'],
      ['a patch', 'application/json-patch+json'],
      ['no type at all', 'json'],
      ['a list', 'application/json, text/yaml'],
      ['another charset', 'application/json; charset=iso-8859-1'],
      ['UTF-16', 'text/yaml;charset="utf-16"'],
      ['an empty charset', 'application/json; charset='],
      ['a wildcard', '*/*'],
      ['another version of FHIR', 'application/fhir+json; fhirVersion=5.0'],
      ['another version of FHIR, in quotes', 'application/fhir+json;charset=utf-8;fhirversion="3.0"'],
    ];
    for (const [why, type] of rows) {
      it(`${why}: 415, naming what is taken`, () => {
        const failure = refusal(() => parseBody('{}', type));
        expect(failure).to.include({ status: 415, issue: 'not-supported' });
        expect(failure.message).to.match(/application\/(fhir\+)?json|utf-8|fhirVersion=4\.0/);
      });
    }
  });

  describe('of an answer', () => {
    const rows: [accept: string | undefined, contentType: string][] = [
      [undefined, FHIR],
      ['', FHIR],
      ['*/*', FHIR],
      ['application/*', FHIR],
      ['text/html', FHIR],
      ['text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8', FHIR],
      ['application/fhir+json', FHIR],
      ['application/fhir+json; fhirVersion=4.0', FHIR],
      ['application/fhir+json; fhirVersion=4.0.1', FHIR],
      ['application/fhir+json; fhirVersion=5.0, application/json;q=0.5', PLAIN],
      ['application/fhir+json; fhirVersion=5.0, */*;q=0.1', FHIR],
      ['application/json', PLAIN],
      ['Application/JSON', PLAIN],
      ['application/json, text/plain, */*', PLAIN],
      ['application/json, application/fhir+json', PLAIN],
      ['application/json;q=0.5, application/fhir+json;q=0.9', FHIR],
      ['application/json;q=0.5, */*;q=0.8', FHIR],
      ['text/yaml', YAML],
      ['text/*', YAML],
      ['*/*, text/yaml', YAML],
      ['text/yaml;q=0.5, application/json;q=0.4', YAML],
      ['text/yaml;q=0.4, application/json;q=0.5', PLAIN],
      ['application/json;q=0, text/yaml;q=0.001', YAML],
      ['application/fhir+json;q=0, */*', PLAIN],
      ['application/yaml', 'application/yaml; charset=utf-8'],
      ['application/x-yaml , text/plain', 'application/x-yaml; charset=utf-8'],
      ['application/fhir+xml, text/x-yaml;q=0.1', 'text/x-yaml; charset=utf-8'],
      [',,application/json ; q = 1.0,', PLAIN],
    ];
    for (const [accept, contentType] of rows) {
      it(`Accept ${accept ?? 'absent'}: ${contentType}`, () => {
        expect(negotiate({ accept }).contentType).to.equal(contentType);
      });
    }

    for (const [format, contentType] of [
      ['json', FHIR],
      ['yaml', YAML],
      ['text/html', FHIR],
      ['application/json', PLAIN],
      ['application/fhir+json', FHIR],
      ['application/fhir json', FHIR],
      ['application/x-yaml;charset=utf-8', 'application/x-yaml; charset=utf-8'],
    ] as const) {
      it(`_format=${format} wins over Accept: ${contentType}`, () => {
        expect(negotiate({ accept: 'image/png', format }).contentType).to.equal(contentType);
      });
    }

    it('where plain JSON is preferred, it is the default and what FHIR JSON means', () => {
      const preferred = 'application/json';
      expect(negotiate({ preferred }).contentType).to.equal(PLAIN);
      expect(negotiate({ preferred, accept: '*/*' }).contentType).to.equal(PLAIN);
      expect(negotiate({ preferred, format: 'json' }).contentType).to.equal(PLAIN);
      expect(negotiate({ preferred, accept: 'application/fhir+json' }).contentType).to.equal(PLAIN);
      expect(negotiate({ preferred, format: 'application/fhir+json' }).contentType).to.equal(PLAIN);
      expect(negotiate({ preferred, accept: 'application/json;q=0.1, text/yaml' }).contentType).to.equal(YAML);
    });

    it('renders in the format it names', () => {
      expect(negotiate({ format: 'json' }).render({ a: 'yes' })).to.equal('{"a":"yes"}');
      expect(negotiate({ format: 'yaml' }).render({ a: 'yes' })).to.equal("a: 'yes'\n");
      expect(negotiate({ accept: 'application/yaml' }).format).to.equal('yaml');
    });

    for (const wishes of [
      { accept: 'application/fhir+xml' },
      { accept: 'application/fhir+json; fhirVersion=5.0' },
      { format: 'application/fhir+json; fhirVersion=3.0' },
      { accept: 'image/png, application/pdf' },
      { accept: 'application/json;q=0' },
      { accept: '*/*;q=0' },
      { accept: 'application/json;q=high' },
      { accept: 'application/json-patch+json' },
      { accept: 'application/x-www-form-urlencoded' },
      { accept: 'json' },
      { format: 'xml' },
      { format: '__proto__', accept: '*/*' },
    ]) {
      it(`${JSON.stringify(wishes)}: 406, naming what there is`, () => {
        const failure = refusal(() => negotiate(wishes));
        expect(failure).to.include({ status: 406, issue: 'not-supported' });
        expect(failure.message).to.include('application/fhir+json');
      });
    }
  });
});
