import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { UnavailableError } from '../common/errors.js';
import { isMigrated } from '../database/migrate.js';

/** Answers whether this server can do its work. */
@Injectable()
export class ReadinessService {
  constructor(private readonly database: DataSource) {}

  /** @throws UnavailableError while the database is unreachable or its schema is older than this version */
  async check(): Promise<void> {
    let isReady: boolean;
    try {
      isReady = await isMigrated(this.database);
    } catch (error) {
      throw new UnavailableError('database_away', { cause: error });
    }
    if (!isReady) throw new UnavailableError('not_migrated');
  }
}
