import { withoutVersions } from './user-agent.js';

describe('withoutVersions', () => {
  it('is the same before and after an update, whatever digits the version gains', () => {
    const before =
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/99.0.4844.51 Safari/537.36';
    const after = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 11_0) Chrome/100.0.0.0 Safari/537.36';
    expect(withoutVersions(after)).toBe(withoutVersions(before));
  });

  it('tells programs and systems apart', () => {
    expect(withoutVersions('Firefox/120.0 (X11)')).not.toBe(withoutVersions('Firefox/120.0 (Mac)'));
  });
});
