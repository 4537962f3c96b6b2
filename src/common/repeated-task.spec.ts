import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { FakeClock } from '../../test/support/fake-clock.js';
import { Clock } from './clock.js';
import { RepeatedTask } from './repeated-task.js';

const MINUTE = 60_000;

/** Every ten minutes, at three minutes past. */
class Sweep extends RepeatedTask {
  protected override readonly title = 'the sweep';
  protected override readonly every = 10 * MINUTE;
  protected override readonly offset = 3 * MINUTE;
  runs = 0;
  /** Ends the run that is going on. */
  finish: () => void = () => undefined;
  failure: Error | undefined;

  protected override work(): Promise<void> {
    this.runs += 1;
    if (this.failure) throw this.failure;
    return new Promise((done) => {
      this.finish = done;
    });
  }
}

describe('a repeated task', () => {
  let app: TestingModule;
  let sweep: Sweep;

  beforeEach(async () => {
    jest.useFakeTimers();
    const clock = new FakeClock(Date.UTC(2030, 0, 1, 12, 41));
    app = await Test.createTestingModule({
      providers: [Sweep, { provide: Clock, useValue: clock }],
    }).compile();
    await app.init();
    sweep = app.get(Sweep);
  });
  afterEach(async () => {
    sweep.finish();
    await app.close();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('runs first at the next of its times of day, whenever the node has started', async () => {
    await jest.advanceTimersByTimeAsync(2 * MINUTE - 1);
    expect(sweep.runs).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(sweep.runs).toBe(1);
  });

  it('runs again and again, and waits for a run that takes longer', async () => {
    await jest.advanceTimersByTimeAsync(12 * MINUTE);
    expect(sweep.runs).toBe(1);
    sweep.finish();
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(sweep.runs).toBe(2);
  });

  it('logs an error of its work and goes on', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    sweep.failure = new Error('the database is away');
    await jest.advanceTimersByTimeAsync(2 * MINUTE);
    expect(log).toHaveBeenCalledWith(
      'the sweep failed and will be tried again',
      expect.stringContaining('the database is away'),
    );
    sweep.failure = undefined;
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(sweep.runs).toBe(2);
  });

  it('ends with the application, after the run that is going on', async () => {
    await jest.advanceTimersByTimeAsync(2 * MINUTE);
    let isClosed = false;
    const closed = app.close().then(() => {
      isClosed = true;
    });
    await jest.advanceTimersByTimeAsync(20 * MINUTE);
    expect({ isClosed, runs: sweep.runs }).toEqual({ isClosed: false, runs: 1 });
    sweep.finish();
    await closed;
    await jest.advanceTimersByTimeAsync(20 * MINUTE);
    expect(sweep.runs).toBe(1);
  });
});
