import * as fc from 'fast-check';
import { accepts } from './negotiation.js';

describe('accepts', () => {
  it.each([
    undefined,
    '*/*',
    '*/json',
    'application/*',
    'application/json',
    'Application/JSON',
    ' application/json ',
    'application/json; charset=utf-8',
    'application/json;indent=4',
    'application/json;q=0',
    'application/json, text/plain, */*',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html;q=0.9, application/*;q=0.1',
    'junk,application/json',
  ])('takes Accept %j', (accept) => {
    expect(accepts(accept, undefined)).toBe('ok');
  });

  it.each([
    '',
    ' ',
    ',',
    ';',
    'junk',
    '*',
    'text/html',
    'text/*',
    'text/json',
    'application/xml',
    'application/vnd.api+json',
    'application/json+x',
    'application /json',
    'text/html; a="application/json"',
  ])('refuses Accept %j', (accept) => {
    expect(accepts(accept, undefined)).toBe('not_acceptable');
  });

  it.each([
    ['json', 'ok'],
    ['', 'ok'],
    ['xml', 'not_found'],
    ['JSON', 'not_found'],
    ['api', 'not_found'],
    ['json ', 'not_found'],
  ])('answers ?format=%s with %s', (format, answer) => {
    expect(accepts('application/json', format)).toBe(answer);
  });

  it('looks at the format before the Accept header', () => {
    expect(accepts('text/html', 'xml')).toBe('not_found');
    expect(accepts('text/html', 'json')).toBe('not_acceptable');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), fc.string(), (accept, format) => {
        expect(['ok', 'not_acceptable', 'not_found']).toContain(accepts(accept, format));
      }),
    );
  });
});
