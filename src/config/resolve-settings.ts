import { contradictions } from './checks.js';
import { closest } from './closest.js';
import { ConfigError } from './config-error.js';
import type { Setting, ValuesOf } from './setting-row.js';
import { SettingProblem, type SettingType } from './setting-type.js';
import { MODULE_SETTINGS, exampleOf, type SettingName, type Settings } from './settings.js';

/** Where values come from, which decides how they are read and what a setting is called in an error. */
export interface SettingsSource {
  /** The given value, or undefined when there is none. */
  readonly valueOf: (name: SettingName) => unknown;
  readonly read: <T>(type: SettingType<T>, value: unknown) => T;
  readonly nameOf: (name: SettingName) => string;
  /** What is wrong with given names that are no setting's. */
  readonly unknown: readonly string[];
}

/** Options given in code. */
export function fromOptions(options: Readonly<Record<string, unknown>>): SettingsSource {
  const names = Object.keys(MODULE_SETTINGS);
  return {
    valueOf: (name) => options[name],
    read: (type, value) => type.fromOption(value),
    nameOf: (name) => name,
    unknown: Object.keys(options)
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is not a setting.${closest(name, names)}`),
  };
}

/**
 * The settings of the modules, complete, checked and frozen.
 *
 * @param isProduction - refuses what is for trying out only
 * @throws ConfigError that lists every problem at once
 */
export function resolveSettings(source: SettingsSource, isProduction = false): Settings {
  return resolveTable(MODULE_SETTINGS, source, isProduction);
}

/**
 * Reads the settings of a table, completes them with the profile's defaults, checks and freezes them.
 *
 * @throws ConfigError that lists every problem at once
 */
export function resolveTable<T extends object>(
  table: T,
  source: SettingsSource,
  isProduction: boolean,
): ValuesOf<T> {
  const problems = [...source.unknown];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table) as [SettingName, Setting<unknown>][]) {
    const given = source.valueOf(name);
    // The profile is the first row of its table: it is known when the defaults of the others are needed.
    const standard = setting.defaults[values['profile'] === 'parity' ? 'parity' : 'secure'];
    try {
      values[name] = given === undefined ? standard : source.read(setting.type, given);
    } catch (error) {
      if (!(error instanceof SettingProblem)) throw error;
      problems.push(`${source.nameOf(name)} ${error.message}. Example: ${exampleOf(name)}`);
    }
  }
  problems.push(...contradictions(values, source.nameOf, isProduction));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as unknown as ValuesOf<T>;
}
