import type { InjectionToken, Provider, Type } from '@nestjs/common';
import type {
  Abstract,
  ClassProvider,
  ExistingProvider,
  FactoryProvider,
  ValueProvider,
} from '@nestjs/common';
import { Authentication } from '../authentication/authentication.js';
import { HostAuthentications } from '../authentication/authentication-chain.js';
import { Clock } from '../common/clock.js';
import { AuthSettings } from '../config/auth-settings.js';
import { closest } from '../config/closest.js';
import { ConfigError } from '../config/config-error.js';
import { chosenLedger } from '../ledger/ledger.module.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import { TokenClaims } from '../tokens/token-claims.js';
import { DjangoPasswordHasher } from '../passwords/django-password-hasher.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import { UserStore } from '../users/user-store.js';
import { UsersService } from '../users/users.service.js';
import { SessionPresenter } from '../session-views/session-presenter.js';
import { LoginHooks } from '../login/login-hooks.js';

/**
 * A host's replacement of a class of this package: a class, whose constructor is injected as everywhere in Nest, or one of Nest's custom providers without its `provide`.
 *
 * @publicApi
 */
export type Override<T> =
  | Type<T>
  | Omit<ExistingProvider<T>, 'provide'>
  | Omit<FactoryProvider<T>, 'provide'>
  | Omit<ValueProvider<T>, 'provide'>;

/** What can be replaced, by the name of its option. */
interface Seams {
  readonly userStore: UserStore;
  readonly passwordHasher: PasswordHasher;
  readonly authenticationRule: UserAuthenticationRule;
  readonly loginHooks: LoginHooks;
  readonly claims: TokenClaims;
  readonly ledger: RefreshTokenLedger;
  readonly sessionPresenter: SessionPresenter;
}

/**
 * A host's own classes in the place of ours.
 *
 * @example
 * AuthModule.forRoot({
 *   imports: [TypeOrmModule.forFeature([Customer])],
 *   overrides: { userStore: CustomerStore, claims: CustomerClaims },
 * })
 *
 * @publicApi
 */
export type AuthOverrides = { readonly [S in keyof Seams]?: Override<Seams[S]> } & {
  /** Authentication classes beside ours, to be named in `authenticationClasses` and `@UseAuthentication()`. */
  readonly authentications?: readonly Override<Authentication>[];
};

/** A seam: the class that everything else injects, and the provider that stands there unless a host gives another. */
interface Seam<T> {
  readonly token: Abstract<T>;
  readonly standard:
    | Omit<ClassProvider<T>, 'provide'>
    | Omit<ExistingProvider<T>, 'provide'>
    | Omit<FactoryProvider<T>, 'provide'>;
}

const SEAMS: { readonly [S in keyof Seams]: Seam<Seams[S]> } = {
  userStore: { token: UserStore, standard: { useExisting: UsersService } },
  passwordHasher: {
    token: PasswordHasher,
    standard: {
      inject: [AuthSettings],
      useFactory: ({ passwordHasher }: AuthSettings) =>
        new DjangoPasswordHasher({ preferred: passwordHasher }),
    },
  },
  authenticationRule: {
    token: UserAuthenticationRule,
    standard: {
      inject: [AuthSettings],
      useFactory: (settings: AuthSettings) => new UserAuthenticationRule(settings),
    },
  },
  loginHooks: {
    token: LoginHooks,
    standard: {
      inject: [UserStore, Clock],
      useFactory: (users: UserStore, clock: Clock) => new LoginHooks(users, clock),
    },
  },
  claims: { token: TokenClaims, standard: { useFactory: () => new TokenClaims() } },
  ledger: { token: RefreshTokenLedger, standard: chosenLedger },
  sessionPresenter: { token: SessionPresenter, standard: { useClass: SessionPresenter } },
};

/** The providers of every seam, and the tokens under which the rest of the application finds them. */
export interface SeamProviders {
  readonly providers: Provider[];
  readonly exports: InjectionToken[];
}

/** @throws ConfigError when an override has a name that is none, or is not what can stand there */
export function seamProviders({
  authentications = [],
  ...overrides
}: AuthOverrides): SeamProviders {
  const names = Object.keys(SEAMS) as (keyof Seams)[];
  for (const name of Object.keys(overrides)) {
    if (!names.includes(name as keyof Seams)) {
      throw new ConfigError([`overrides.${name} is not known.${closest(name, names)}`]);
    }
  }
  const providers: Provider[] = [];
  const exports: InjectionToken[] = [HostAuthentications];
  for (const name of names) {
    const { token, standard } = SEAMS[name];
    const given: Override<unknown> | undefined = overrides[name];
    exports.push(token);
    if (given === undefined) providers.push({ provide: token, ...standard } as Provider);
    else providers.push(...hostProviders(name, token, given, token));
    if (typeof given === 'function') exports.push(given);
  }
  const tokens = authentications.map((given, index) => {
    const name = `authentications[${index}]`;
    const token = Symbol(name);
    providers.push(...hostProviders(name, Authentication, given, token));
    if (typeof given === 'function') exports.push(given);
    return token;
  });
  providers.push({
    provide: HostAuthentications,
    inject: tokens,
    useFactory: (...classes: Authentication[]) => new HostAuthentications(classes),
  });
  return { providers, exports };
}

/**
 * The host's provider, and under `token` what it gives, if that extends the seam. A class stands under its own name as
 * well, so that the host can inject what the class has beyond the seam.
 *
 * @param name - the option, for the messages
 */
function hostProviders(
  name: string,
  seam: Abstract<unknown>,
  given: Override<unknown>,
  token: InjectionToken,
): Provider[] {
  const isProvider =
    typeof given === 'object' &&
    given !== null &&
    ['useExisting', 'useFactory', 'useValue'].some((key) => key in given);
  if (typeof given !== 'function' && !isProvider) {
    throw new ConfigError([
      `overrides.${name} is neither a class nor a provider. Example: overrides: { ${example(name, 'MyClass')} }`,
    ]);
  }
  const source = typeof given === 'function' ? given : Symbol(name);
  return [
    typeof given === 'function' ? given : ({ provide: source, ...given } as Provider),
    {
      provide: token,
      inject: [source],
      useFactory: (instance: unknown) => requireSeam(name, seam, instance),
    },
  ];
}

/** A look-alike lacks what the class of the seam has beyond the methods that a host writes. */
function requireSeam<T>(name: string, token: Abstract<unknown>, instance: T): T {
  if (instance instanceof (token as Type)) return instance;
  const { name: seam } = token as Type;
  throw new ConfigError([
    `overrides.${name} does not extend ${seam}, so that it would not be asked everywhere. Example: class My${seam} extends ${seam}, and overrides: { ${example(name, `My${seam}`)} }`,
  ]);
}

function example(name: string, className: string): string {
  const option = name.replace(/\[\d+\]$/, '');
  return `${option}: ${option === name ? className : `[${className}]`}`;
}
