/** HTML is made by one template, and text in it stays text. */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { html } from '../../auth/pages/html.ts';
import { runs } from '../harness/generated.ts';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const read = (text: string) => text.replace(/&(#?\w+);/g, (_, name: string) => ENTITIES[name] ?? '?');

describe('HTML', () => {
  it('text ends neither its element nor its attribute, and reads as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'<>&"\'=/ a;#x') }), (value) => {
        const { text } = html`<p title="${value}">${value}</p>`;
        const [, title = '', shown = ''] = /^<p title="([^"<>']*)">([^"<>']*)<\/p>$/.exec(text) ?? [];
        expect([read(title), read(shown)]).to.eql([value, value]);
      }),
      runs(2_000),
    );
  });

  it('what is HTML already stays so, one piece or several; what is not there is nothing', () => {
    const items = ['a', '<b>'].map((each) => html`<li>${each}</li>`);
    expect(html`<ul>${items}</ul>${undefined}${7}`.text).to.equal('<ul><li>a</li><li>&lt;b&gt;</li></ul>7');
  });
});
