import { TrimSchedule } from './trim-schedule.js';

const MINUTE = 60_000;

const SERVER = 'server 1';

/** Marks where a feed stood, every 400 ms: transaction 1000 at the start and one more each ms. */
function follow(schedule: TrimSchedule, from: number, to: number): void {
  for (let at = from; at <= to; at += 400) {
    schedule.mark(at, { server: SERVER, below: String(1000 + at) });
  }
}

describe('TrimSchedule', () => {
  it('trims nothing before a feed has run for five minutes', () => {
    const schedule = new TrimSchedule();
    follow(schedule, 0, 5 * MINUTE - 400);
    expect(schedule.due(5 * MINUTE - 400)).toBeNull();
    expect(schedule.due(5 * MINUTE)).toBe('1000');
  });

  it('trims once a minute, up to where the feed stood at least five and at most six minutes ago', () => {
    const schedule = new TrimSchedule();
    const trimmed: number[] = [];
    for (let at = 0; at <= 20 * MINUTE; at += 400) {
      schedule.mark(at, { server: SERVER, below: String(1000 + at) });
      const below = schedule.due(at);
      if (below === null) continue;
      const age = at - (Number(below) - 1000);
      expect(age).toBeGreaterThanOrEqual(5 * MINUTE);
      expect(age).toBeLessThan(6 * MINUTE + 400);
      trimmed.push(at);
    }
    expect(trimmed.length).toBe(16);
  });

  it('goes on at once when there was more to trim', () => {
    const schedule = new TrimSchedule();
    follow(schedule, 0, 5 * MINUTE);
    expect(schedule.due(5 * MINUTE)).toBe('1000');
    expect(schedule.due(5 * MINUTE + 400)).toBeNull();
    schedule.continue();
    expect(schedule.due(5 * MINUTE + 400)).toBe('1000');
  });

  it('forgets where it stood on another server', () => {
    const schedule = new TrimSchedule();
    follow(schedule, 0, 5 * MINUTE);
    schedule.mark(5 * MINUTE + 400, { server: 'server 2', below: '7' });
    expect(schedule.due(6 * MINUTE)).toBeNull();
    expect(schedule.due(10 * MINUTE + 400)).toBe('7');
  });
});
