import { SERVER_SETTINGS } from '../config/server-settings.js';
import type { Setting } from '../config/setting-row.js';
import {
  MODULE_SETTINGS,
  environmentName,
  type SettingName,
  type Settings,
} from '../config/settings.js';
import { GENERATED, markdownTable } from './documents.js';

const INTRODUCTION = `# Settings

The server is configured by environment variables only, and checks them once, when it starts: a wrong one ends the
start with its name, what is wrong and an example. An empty variable counts as unset, except for
\`SIMPLE_JWT_SIGNING_KEY\`, where it is refused. A variable that begins with \`SIMPLE_JWT_\` and is not listed here is
refused as well, so that a misspelt setting is never silently ignored.

Durations are \`30s\`, \`5m\`, \`1h30m\`, \`7d\` or bare seconds; lists are separated by commas; booleans are \`true\` and
\`false\`; \`none\` switches off what may be off.`;

const SETTINGS_INTRODUCTION = `## Settings of the modules

In the environment they begin with \`SIMPLE_JWT_\`, except where DRF has a name of its own; as options of
\`AuthModule.forRoot()\` they are the names in the second column. \`SIMPLE_JWT_PROFILE\` chooses the defaults, and any
single setting overrides them. A setting keeps the name and the meaning that it has in SimpleJWT
([contract §13](contract.md#13-settings)) or in Django REST framework (DRF); the others are ours
([design §2](design.md#2-two-profiles)). Those of SimpleJWT whose value is code, such as hooks and serializers, are
options or providers of a host, and refused as variables.`;

/** `docs/settings.md`: every setting of the server and of the modules. */
export function settingsDocument(): string {
  return `${[GENERATED, INTRODUCTION, '## Variables of the server', variables(), SETTINGS_INTRODUCTION, settings()].join('\n\n')}\n`;
}

function variables(): string {
  const rows = rowsOf(SERVER_SETTINGS).map(([name, { type, defaults, meaning }]) => [
    code(environmentName(name)),
    type.name,
    defaults.secure === null ? 'unset' : code(type.show(defaults.secure)),
    meaning,
  ]);
  return markdownTable(['variable', 'type', 'default', 'meaning'], rows);
}

function settings(): string {
  const rows = rowsOf(MODULE_SETTINGS).map(([name, setting]) => [
    code(environmentName(name)),
    code(name),
    setting.type.name,
    shownDefault(setting, 'secure'),
    shownDefault(setting, 'parity'),
    setting.meaning,
    setting.from,
  ]);
  const head = ['variable', 'option', 'type', 'default', 'in `parity`', 'meaning', 'from'];
  return markdownTable(head, rows);
}

/** The values of a table have different types: here they are only shown, which any type can do for its own values. */
function rowsOf(table: object): [SettingName, Setting<unknown>][] {
  return Object.entries(table) as [SettingName, Setting<unknown>][];
}

function shownDefault({ type, defaults }: Setting<unknown>, profile: Settings['profile']): string {
  const value = defaults[profile];
  if (value === '') return type.isSecret ? 'unset' : 'empty';
  return code(type.show(value));
}

function code(text: string): string {
  return `\`${text}\``;
}
