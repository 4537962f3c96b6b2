/** A sleep that can be cut short. An interruption that comes before the sleep counts for it. */
export class InterruptibleSleep {
  private isInterrupted = false;
  private wake: (() => void) | null = null;

  /** Ends the sleep, or the next one. */
  interrupt(): void {
    this.isInterrupted = true;
    this.wake?.();
  }

  /**
   * Sleeps until it is interrupted or the time is over. Does not keep the process alive.
   *
   * @param milliseconds - at most
   */
  async sleep(milliseconds: number): Promise<void> {
    if (!this.isInterrupted && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds).unref();
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = null;
    }
    this.isInterrupted = false;
  }
}
