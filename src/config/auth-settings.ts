import type { Settings } from './settings.js';

/**
 * The settings in force, as a class that can be injected: `constructor(private readonly settings: AuthSettings)`.
 *
 * @publicApi
 */
// The merged interface gives the class the members of the settings table without writing them twice.
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export abstract class AuthSettings {}
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging, typescript/no-empty-object-type
export interface AuthSettings extends Settings {}
