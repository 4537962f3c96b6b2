import { EVERYTHING, MOST_CHANGES, newsOf, oldestRunning, type Heartbeat } from './heartbeat.js';

const beat = (change: Partial<Heartbeat> = {}): Heartbeat => ({
  position: '740:745:740,743',
  server: 'server 1',
  backend: 17,
  keys: ['u:7', 's:ab'],
  ...change,
});
const KNOWN = { position: '739:740:', server: 'server 1', backend: 17 };

describe('newsOf', () => {
  it('is what changed since the position that was known', () => {
    expect(newsOf(KNOWN, beat())).toEqual(['u:7', 's:ab']);
    expect(newsOf(KNOWN, beat({ keys: [] }))).toEqual([]);
  });

  it.each<[string, Parameters<typeof newsOf>]>([
    ['the reader begins', [null, beat()]],
    ['another server answers', [KNOWN, beat({ server: 'server 2' })]],
    ['another backend answers', [KNOWN, beat({ backend: 18 })]],
    ['a change of everything is among them', [KNOWN, beat({ keys: ['u:7', 'x'] })]],
    ['there are too many', [KNOWN, beat({ keys: Array(MOST_CHANGES + 1).fill('u:7') })]],
  ])('is everything when %s', (_when, [known, heartbeat]) => {
    expect(newsOf(known, heartbeat)).toBe(EVERYTHING);
  });

  it('still names each change when there are as many as one heartbeat reads', () => {
    const keys = Array<string>(MOST_CHANGES).fill('u:7');
    expect(newsOf(KNOWN, beat({ keys }))).toBe(keys);
  });
});

describe('oldestRunning', () => {
  it('is the first number of a snapshot', () => {
    expect(oldestRunning(beat())).toBe('740');
    expect(oldestRunning(KNOWN)).toBe('739');
  });
});
