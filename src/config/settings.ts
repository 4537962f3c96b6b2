import { PACKAGE_SETTINGS } from './package-settings.js';
import { SERVER_SETTINGS } from './server-settings.js';
import type { Setting, ValuesOf } from './setting-row.js';
import { SIMPLE_JWT_SETTINGS } from './simplejwt-settings.js';

/**
 * Every setting of the modules, which a host gives as options and the server takes from the environment. The key is the
 * option's name. Durations are seconds.
 */
export const MODULE_SETTINGS = { ...SIMPLE_JWT_SETTINGS, ...PACKAGE_SETTINGS };

/** The settings table. */
export const SETTINGS = { ...MODULE_SETTINGS, ...SERVER_SETTINGS };

/** The name of a setting, as an option. */
export type SettingName = keyof typeof SETTINGS;

/**
 * All settings of the modules with their values, frozen.
 *
 * @publicApi
 */
export type Settings = ValuesOf<typeof MODULE_SETTINGS>;

/** The settings of the server with their values. */
export type ServerSettings = ValuesOf<typeof SERVER_SETTINGS>;

/**
 * What a host may give: any subset, durations also as text (`'5m'`).
 *
 * @publicApi
 */
export type SettingsInput = { readonly [N in keyof Settings]?: Settings[N] | string };

/** The environment's name of a setting: `accessTokenLifetime` → `SIMPLE_JWT_ACCESS_TOKEN_LIFETIME`. */
export function environmentName(name: SettingName): string {
  return SETTINGS[name].prefix + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** A value that would be accepted, as it is written in the environment: the default, unless that is nothing. */
export function exampleOf(name: SettingName): string {
  const { type, defaults } = SETTINGS[name] as Setting<unknown>;
  const value = defaults.secure;
  const isNothing = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  return isNothing ? type.example : type.show(value);
}

/** All settings' names, in the table's order. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
