import { ERRORS } from '../common/errors.js';
import { PUBLIC_REASONS } from '../token-views/refusals.js';
import { GENERATED, markdownTable } from './documents.js';

const INTRODUCTION = `# Errors

Every refusal is JSON. \`detail\` says to a person what is wrong; \`code\`, where SimpleJWT sends one, says it to a
program. A caller may see another \`detail\` than the one listed, where the case has a message of its own
([contract §4 to §11](contract.md)). The log names each 401 and 403 by its code or a finer reason, and never holds a
password, a token or a key.

- \`invalid\` has no \`detail\`: its body is a list of messages for each wrong field, or for \`non_field_errors\`.
- A guard's \`token_not_valid\` adds \`messages\`: one for each kind of token that the route accepts.
- A 401 names the challenge in \`WWW-Authenticate\`; a 405 names the methods in \`Allow\`; 429 and 503 say in
  \`Retry-After\` in how many seconds it makes sense to try again.
- A fault of ours is 500 or 503, never 401.`;

/** What a refused refresh says in the profile `secure` (design §3), and what a client should do. */
const REFUSED_REFRESH = `## Why a refresh is refused

In the profile \`secure\` the 401 of the two refresh views has one member more, \`reason\`. A client must not log out for
all of them:`;

/** `docs/errors.md`: the catalogue of errors. */
export function errorsDocument(): string {
  const rows = Object.entries(ERRORS).map(([code, { status, detail, onWire, meaning }]) => [
    `\`${code}\``,
    String(status),
    onWire ? 'yes' : 'no',
    detail,
    meaning,
  ]);
  const table = markdownTable(['code', 'status', 'sent', '`detail`', 'meaning'], rows);
  const reasons = markdownTable(
    ['`reason`', 'meaning', 'what to do'],
    Object.entries(PUBLIC_REASONS).map(([reason, { meaning, remedy }]) => [
      `\`${reason}\``,
      meaning,
      remedy,
    ]),
  );
  return `${[GENERATED, INTRODUCTION, table, REFUSED_REFRESH, reasons].join('\n\n')}\n`;
}
