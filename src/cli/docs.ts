import { join } from 'node:path';
import type { Command } from 'commander';
import { exitOnOperatorError } from '../server/process.js';
import { errorsDocument, writeDocument } from './documents.js';
import { settingsDocument } from './settings-document.js';

/** `nest-simplejwt docs [folder]`: writes the pages of settings and errors from the tables in the code. */
export function addDocs(program: Command): void {
  program
    .command('docs')
    .description('write settings.md and errors.md')
    .argument('[folder]', 'where to', 'docs')
    .action((folder: string) =>
      exitOnOperatorError('The tables have not been written.', async () => {
        writeDocument(join(folder, 'settings.md'), settingsDocument());
        writeDocument(join(folder, 'errors.md'), errorsDocument());
      }),
    );
}
