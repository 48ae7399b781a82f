/** R4 §2.4 (narrative): txt-1, txt-2. */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { narrativeFault } from '../../resources/validate/narrative.ts';
import { runs } from '../harness/generated.ts';
import { patient, rows } from './check.ts';

const div = (inner: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

const VALID = [
  'a',
  'a <b>b</b>',
  '<p>a</p><p>b<br/>c</p>',
  '<a href="https://a.example/">b</a>',
  '<a name="x">b</a>',
  '<img src="a.png" alt="b"/>',
  '<img src="data:image/png;base64,AAAA" alt="b"/>',
  '<table class="grid"><tr><td colspan="2">a</td></tr></table>',
  '<span style="color: red">a</span>',
  '&lt;script&gt; &#160; &#xA0; &amp;',
  '<!-- a comment --> b',
  '<td style="background-image: url(data:image/png;base64,AAAA)">a</td>',
  "<p class='a'>b</p>",
  '<img src="a.png" alt="b" hspace="1" vspace="1"/>',
  '<td cellhalign="left" cellvalign="top">a</td>',
  '\u00a0',
  '&#9;&#x10FFFF;\u{1f600}',
  '<p\n\tclass = "a" >b</p >',
];

const INVALID = [
  '',
  ' ',
  '<br/>',
  '<script>alert(1)</script>',
  '<SCRIPT>a</SCRIPT>',
  '<p onclick="alert(1)">a</p>',
  '<p onClick="x">a</p>',
  '<a href="javascript:alert(1)">a</a>',
  '<a href="JaVa&#10;ScRiPt:alert(1)">a</a>',
  '<a href="&#106;avascript:alert(1)">a</a>',
  '<a href=" vbscript:a">a</a>',
  '<a href="data:text/html,a">a</a>',
  '<img src="data:image/svg+xml,a" alt="b"/>',
  '<iframe src="https://a.example"></iframe>',
  '<object data="a"></object>',
  '<form><input/></form>',
  '<link href="a"/>',
  '<style>a</style>',
  '<svg></svg>',
  '<p style="background: url(javascript:a)">a</p>',
  '<p style="background: url( \'data:text/html,a\')">a</p>',
  '<p style="width: exp/**/ression(a)">a</p>',
  '<p style="width: \\65xpression(a)">a</p>',
  '<p style="width: expression(a)">a</p>',
  '<p style="behavior:url(a)">a</p>',
  '<b>a',
  'a</b>',
  '<b><i>a</b></i>',
  '<p class=a>b</p>',
  '<p class="a" class="b">c</p>',
  'a & b',
  '&nbsp;',
  '&#x110000000;',
  'a < b',
  '<![CDATA[a]]>',
  '<?php a ?>',
  '<!DOCTYPE a>',
  '<!-- a -- b -->',
  'a <!-- <!---><img src="a" onerror="alert(1)"/>-->',
  'a <!-- --!><img src="a" onerror="alert(1)"/>-->',
  '<p a="<">b</p>',
  '<p xmlns="http://a.example">a</p>',
  '<p></p a>',
  '&#32;',
  '<img alt="a"/>',
  '<img alt=" src=b"/>',
  'a\u0001',
  'a\ufffe',
  'a &#0;',
  'a &#x1F;',
  'a &#xD800;',
  'a &#x110000;',
  '<p class="&#1;">a</p>',
  'a ]]> b',
  '<p\u00a0class="a">b</p>',
  '<p class\ufeff="a">b</p>',
  '<p>a</p\u00a0>',
];

describe('validation: narrative', () => {
  for (const inner of VALID) it(`takes ${inner}`, () => expect(narrativeFault(div(inner))).to.equal(undefined));
  for (const inner of INVALID) it(`refuses ${inner}`, () => expect(narrativeFault(div(inner))).to.be.a('string'));

  it('a comment that HTML ends sooner than XML hides no tag', () => {
    for (const begin of ['<!-->', '<!--->']) {
      expect(narrativeFault(div(`a ${begin}<img src="a" onerror="alert(1)"/>-->`)), begin).to.be.a('string');
    }
  });

  it('takes white space around the div', () => expect(narrativeFault(` \t\r\n${div('a')}\n `)).to.equal(undefined));

  it('refuses what is not one div of the namespace', () => {
    for (const text of [
      '<div>a</div>',
      'a',
      '<p>a</p>',
      `${div('a')}b`,
      `${div('a')}${div('b')}`,
      `b${div('a')}`,
      `\u00a0${div('a')}`,
    ]) {
      expect(narrativeFault(text), text).to.be.a('string');
    }
  });

  it('never lets a tag through that is not on the list, however it is written', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'script',
      'p',
      ' ',
      '"',
      "'",
      '=',
      'on',
      'a',
      '&',
      '&lt;',
      '!--',
      '--',
      '<p>',
      '</p>',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const inner = pieces.join('');
        if (narrativeFault(div(inner)) !== undefined) return;
        for (const [, name] of inner.replace(/<!--.*?-->/gs, '').matchAll(/<\/?([^\s/>]*)/g))
          expect(name).to.match(/^[pa]$/);
      }),
      runs(20_000),
    );
  });

  it('takes time in proportion to the text', () => {
    const size = 200_000;
    const start = process.cpuUsage();
    for (const text of ['<', '<a', '<!--', '<p a="', "<p a='", ' a=""', '&', '<p>', 'a'.repeat(3)]) {
      narrativeFault(div(text.repeat(size / text.length)));
      narrativeFault(div(`<${text.repeat(size / text.length)}`));
    }
    expect(process.cpuUsage(start).user, 'microseconds').to.be.below(2_000_000);
  });

  rows([
    ['a place', patient({ text: { status: 'generated', div: div('<script/>') } }), ['value', 'Patient.text.div']],
    ['both parts are required', patient({ text: { id: 'a', status: 'generated' } }), ['required', 'Patient.text.div']],
  ]);
});
