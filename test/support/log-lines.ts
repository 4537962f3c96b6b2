import type { LoggerService } from '@nestjs/common';

/** Keeps what is logged, for a test to look at. */
export class LogLines implements LoggerService {
  private readonly lines: unknown[][] = [];

  /** All of it, as JSON. */
  text(): string {
    return this.lines.map((line) => line.map(shown).join(' ')).join('\n');
  }

  log(...line: unknown[]): void {
    this.lines.push(line);
  }

  warn(...line: unknown[]): void {
    this.lines.push(line);
  }

  error(...line: unknown[]): void {
    this.lines.push(line);
  }

  fatal(...line: unknown[]): void {
    this.lines.push(line);
  }
}

function shown(part: unknown): string {
  return typeof part === 'string' ? part : (JSON.stringify(part) ?? '');
}
