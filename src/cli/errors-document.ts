import { ERRORS } from '../common/errors.js';
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
  return `${GENERATED}\n\n${INTRODUCTION}\n\n${table}\n`;
}
