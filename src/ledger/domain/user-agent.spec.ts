import * as fc from 'fast-check';
import { sameUserAgent, storedUserAgent, USER_AGENT_LENGTH } from './user-agent.js';

const chrome = (version: string, system = 'Windows NT 10.0; Win64; x64') =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36 Edg/${version}`;

const iPhone = (system: string, version: string) =>
  `Mozilla/5.0 (iPhone; CPU iPhone OS ${system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ` +
  `Version/${version} Mobile/15E148 Safari/604.1`;

/** Whether a request with one user agent is that of a row which was written by a request with the other. */
const same = (presented: string | null, written: string | null) =>
  sameUserAgent(storedUserAgent(written), presented);

describe('sameUserAgent', () => {
  it.each([
    [chrome('99.0.4844.84'), chrome('120.0.0.0')],
    [iPhone('9_3', '9.3'), iPhone('17_2_1', '17.2.1')],
    ['curl/8.5.0', 'curl/7'],
    ['okhttp', 'okhttp'],
    ['', ''],
    [null, null],
  ])('takes %j and %j for one program', (one, other) => {
    expect(same(one, other)).toBe(true);
    expect(same(other, one)).toBe(true);
  });

  it.each([
    [chrome('120.0.0.0'), chrome('120.0.0.0', 'X11; Linux x86_64')],
    ['curl/8.5.0', 'curl/8.5.0 (x86_64)'],
    ['curl', 'curl-like'],
    ['Firefox', null],
    ['', null],
    ['', 'curl'],
    ['12.3', null],
  ])('takes %j and %j for two programs', (one, other) => {
    expect(same(one, other)).toBe(false);
    expect(same(other, one)).toBe(false);
  });

  it('is not moved by what a longer version pushes out of the stored text', () => {
    const long = (version: string, end: string) => `App/${version} ${'x'.repeat(118)} ${end}`;
    expect(same(long('9', 'one'), long('10.12.13', 'other'))).toBe(true);
    expect(same(long('9', 'one'), `${long('9', 'one').slice(0, 60)}y`)).toBe(false);
  });

  it('never minds another version, wherever it stands and however long the text is', () => {
    const words = fc.array(fc.stringMatching(/^[a-zA-Z/ ;()]{1,40}$/), { maxLength: 6 });
    const version = fc.stringMatching(/^[\d._]{1,12}$/);
    fc.assert(
      fc.property(words, version, version, (parts, one, other) => {
        expect(same(parts.join(one), parts.join(other))).toBe(true);
      }),
    );
  });

  it('tells texts that are kept whole apart by their letters', () => {
    const text = fc.option(fc.string({ maxLength: USER_AGENT_LENGTH - 1 }), { nil: null });
    const letters = (value: string | null) => value?.replace(/[\d._]/g, '');
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(same(one, other)).toBe(letters(one) === letters(other));
      }),
    );
  });

  it('is not deceived by a text of versions alone that fills what is kept', () => {
    for (const digits of ['.'.repeat(128), '1'.repeat(500)]) {
      expect(same(digits, 'Firefox/121.0')).toBe(false);
      expect(same(digits, iPhone('17_2_1', '17.2.1'))).toBe(false);
    }
  });
});
