/** A sleep that can be cut short. A ring that comes before the sleep counts for it. */
export class Alarm {
  private hasRung = false;
  private wake: (() => void) | null = null;

  /** Ends the sleep, or the next one. */
  ring(): void {
    this.hasRung = true;
    this.wake?.();
  }

  /**
   * Sleeps until the alarm rings or the time is over. Does not keep the process alive.
   *
   * @param milliseconds - at most
   */
  async sleep(milliseconds: number): Promise<void> {
    if (!this.hasRung && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds).unref();
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = null;
    }
    this.hasRung = false;
  }
}
