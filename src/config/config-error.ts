/**
 * The configuration cannot be used. Each line names one setting, what is wrong with it, and an example.
 *
 * @publicApi
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}
