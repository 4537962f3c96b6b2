import { defaultOf } from '../config/resolve-settings.js';
import { SERVER_VARIABLES, type ServerVariable } from '../config/server-variables.js';
import { SETTINGS, SETTING_NAMES, environmentName, type Setting } from '../config/settings.js';
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

/** `docs/settings.md`: every variable of the server and every setting of the modules. */
export function settingsDocument(): string {
  return [
    GENERATED,
    INTRODUCTION,
    '## Variables of the server',
    variables(),
    SETTINGS_INTRODUCTION,
    settings(),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function variables(): string {
  // Values of a table whose types differ can only be shown, which any of them can be.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const rows = (Object.values(SERVER_VARIABLES) as ServerVariable<unknown>[]).map(
    ({ env, type, default: value, meaning }) => [
      code(env),
      type.name,
      value === null ? 'unset' : code(type.show(value)),
      meaning,
    ],
  );
  return markdownTable(['variable', 'type', 'default', 'meaning'], rows);
}

function settings(): string {
  const rows = SETTING_NAMES.map((name) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const setting = SETTINGS[name] as Setting<unknown>;
    const shown = (profile: string): string => shownValue(setting, defaultOf(setting, profile));
    return [
      code(environmentName(name)),
      code(name),
      setting.type.name,
      shown('secure'),
      shown('parity'),
      setting.meaning,
      setting.from,
    ];
  });
  const head = ['variable', 'option', 'type', 'default', 'in `parity`', 'meaning', 'from'];
  return markdownTable(head, rows);
}

function shownValue(setting: Setting<unknown>, value: unknown): string {
  if (value === '') return setting.secret ? 'unset' : 'empty';
  return code(setting.type.show(value));
}

function code(text: string): string {
  return `\`${text}\``;
}
