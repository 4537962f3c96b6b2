import { fromOptions, resolveSettings } from '../config/resolve-settings.js';
import { PasswordPolicy } from './password-policy.js';

const SHORT = 'This password is too short. It must contain at least 8 characters.';
const COMMON = 'This password is too common.';

const policy = (options: Record<string, unknown> = {}): PasswordPolicy =>
  new PasswordPolicy(resolveSettings(fromOptions(options)));

describe('the policy of passwords', () => {
  it.each([
    ['', [SHORT]],
    ['abc', [SHORT]],
    ['zq8#kLm', [SHORT]],
    ['zq8#kLm!', []],
    ['battery staple', []],
    // Code points count, not units of UTF-16.
    ['🔑🔑🔑🔑', [SHORT]],
    ['🔑🔒🔓🗝🔐🛡🧿🪪', []],
    ['password', [COMMON]],
    ['12345678', [COMMON]],
    ['PassWord1', [COMMON]],
    [' Football ', [COMMON]],
    ['iloveyou', [COMMON]],
    // Part of two lines of the list.
    ['password\n12345678', []],
    // Words of the licence that stands at the head of the list.
    ['copyright holders', []],
  ])('in secure says of %j: %j', async (password, problems) => {
    await expect(policy().problems(password)).resolves.toEqual(problems);
  });

  it('says both of a common one that is shorter than a longer minimum', async () => {
    const strict = policy({ passwordMinLength: 15 });
    await expect(strict.problems('password')).resolves.toEqual([
      'This password is too short. It must contain at least 15 characters.',
      COMMON,
    ]);
  });

  it.each([{ profile: 'parity' }, { passwordMinLength: null }])(
    'has no rule with %j',
    async (options) => {
      for (const password of ['x', 'password']) {
        await expect(policy(options).problems(password)).resolves.toEqual([]);
      }
    },
  );

  it('judges a password of a megabyte at once', async () => {
    const huge = `${' '.repeat(500_000)}x\n${'y'.repeat(500_000)}`;
    const start = performance.now();
    await expect(policy().problems(huge)).resolves.toEqual([]);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
