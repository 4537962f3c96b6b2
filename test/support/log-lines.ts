import type { LoggerService } from '@nestjs/common';

type Level = 'log' | 'warn' | 'error' | 'fatal';

/** A structured line: what happened, and to whom. */
export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly level: Level };

/** Keeps what is logged, for a test to look at. */
export class LogLines implements LoggerService {
  private readonly lines: { readonly level: Level; readonly parts: readonly unknown[] }[] = [];

  /** All of it, as JSON. */
  text(): string {
    return this.lines.map(({ parts }) => parts.map(shown).join(' ')).join('\n');
  }

  /** The structured lines whose event begins with this. */
  events(prefix: string): LoggedEvent[] {
    return this.lines.flatMap(({ level, parts: [message] }) => {
      const fields = message as Record<string, unknown> | null;
      const isOne = typeof fields === 'object' && String(fields?.['event']).startsWith(prefix);
      return isOne ? [{ level, ...fields }] : [];
    });
  }

  /** Forgets everything. */
  clear(): void {
    this.lines.length = 0;
  }

  log(...parts: unknown[]): void {
    this.lines.push({ level: 'log', parts });
  }

  warn(...parts: unknown[]): void {
    this.lines.push({ level: 'warn', parts });
  }

  error(...parts: unknown[]): void {
    this.lines.push({ level: 'error', parts });
  }

  fatal(...parts: unknown[]): void {
    this.lines.push({ level: 'fatal', parts });
  }
}

function shown(part: unknown): string {
  return typeof part === 'string' ? part : (JSON.stringify(part) ?? '');
}
