import { DataSource } from 'typeorm';
import { AuthSettings } from '../../../src/index.js';
import {
  sessionAuthHash,
  writeSession,
} from '../../../src/authentication/domain/django-session.js';
import { DjangoSession } from '../../../src/authentication/django-session.entity.js';
import { UserStore } from '../../../src/index.js';
import type { Host } from '../hosts/host.js';

/** What a browser holds of a visitor who is logged in at the Django server beside the host. */
export interface DjangoVisitor {
  readonly cookie: string;
  /** What pages of the visited site read from their cookie, and send along where they write. */
  readonly csrfToken: string;
}

/** Logs a user of the host in, as a Django server on its database would. */
export async function visitDjango({ app }: Host, username: string): Promise<DjangoVisitor> {
  const { signingKey } = app.get(AuthSettings, { strict: false });
  const user = await app.get(UserStore, { strict: false }).findByUsername(username);
  if (user === null) throw new Error(`there is no user ${username}`);
  const authHash = sessionAuthHash(user.password, signingKey);
  const data = writeSession({ userId: String(user.id), authHash }, signingKey, 1_700_000_000);
  const expireDate = new Date(Date.now() + 3_600_000);
  const key = `session-of-${username}`;
  await app.get(DataSource).getRepository(DjangoSession).upsert({ key, data, expireDate }, ['key']);
  const csrfToken = 'c'.repeat(32);
  return { cookie: `sessionid=${key}; csrftoken=${csrfToken}`, csrfToken };
}
