import type { DataSource } from 'typeorm';
import type { RequestContext } from '../../src/common/request-context.js';
import type { AuthSettings } from '../../src/config/auth-settings.js';
import { KnownClients } from '../../src/throttling/known-clients.js';

/** Known clients of one process, told apart by address and user agent. */
export class MemoryKnownClients extends KnownClients {
  private readonly clients = new Set<string>();
  /** How often somebody has asked whether a client is known. */
  questions = 0;

  constructor() {
    super({} as AuthSettings, {} as DataSource);
  }

  override async isKnown(user: string | null, context: RequestContext): Promise<boolean> {
    this.questions += 1;
    return this.clients.has(keyOf(user, context));
  }

  override async note(user: string, context: RequestContext): Promise<void> {
    this.clients.add(keyOf(user, context));
  }
}

function keyOf(user: string | null, { ip, userAgent }: RequestContext): string {
  return JSON.stringify([user, ip, userAgent]);
}
