import type { InjectionToken, Provider, Type } from '@nestjs/common';
import type {
  Abstract,
  ClassProvider,
  ExistingProvider,
  FactoryProvider,
  ValueProvider,
} from '@nestjs/common';
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
 * What a host gives in the place of a class of this package: a class, whose constructor is injected as everywhere in
 * Nest, or one of Nest's custom providers without its `provide`.
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
export type AuthOverrides = { readonly [S in keyof Seams]?: Override<Seams[S]> };

/** A seam: the class that everything else injects, and what stands there unless a host says otherwise. */
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
export function seamProviders(overrides: AuthOverrides): SeamProviders {
  const names = Object.keys(SEAMS) as (keyof Seams)[];
  for (const name of Object.keys(overrides)) {
    if (!names.includes(name as keyof Seams)) {
      throw new ConfigError([`overrides.${name} is not known.${closest(name, names)}`]);
    }
  }
  const providers: Provider[] = [];
  const exports: InjectionToken[] = [];
  for (const name of names) {
    const { token, standard } = SEAMS[name];
    const own = overrides[name];
    exports.push(token);
    if (own === undefined) providers.push({ provide: token, ...standard } as Provider);
    else if (typeof own === 'function') {
      requireSeam(name, token, own.prototype);
      // Under its own name as well, so that the host can inject what its class has beyond the seam.
      providers.push(own, { provide: token, useExisting: own });
      exports.push(own);
    } else providers.push(...customProviders(name, token, own));
  }
  return { providers, exports };
}

/** The host's provider, and the seam behind a look at what it gives. */
function customProviders(
  name: string,
  token: Abstract<unknown>,
  own: Exclude<Override<unknown>, Type>,
): Provider[] {
  const isProvider =
    typeof own === 'object' &&
    own !== null &&
    ['useExisting', 'useFactory', 'useValue'].some((key) => key in own);
  if (!isProvider) {
    throw new ConfigError([
      `overrides.${name} is neither a class nor a provider. Example: overrides: { ${name}: MyClass }`,
    ]);
  }
  const given = Symbol(`overrides.${name}`);
  return [
    { provide: given, ...own } as Provider,
    {
      provide: token,
      inject: [given],
      useFactory: (instance: unknown) => requireSeam(name, token, instance),
    },
  ];
}

/** Something that only looks like it lacks what the class has beyond the methods that a host writes. */
function requireSeam<T>(name: string, token: Abstract<unknown>, instance: T): T {
  if (instance instanceof (token as Type)) return instance;
  const { name: seam } = token as Type;
  throw new ConfigError([
    `overrides.${name} does not extend ${seam}, so that it would not be asked everywhere. Example: class My${seam} extends ${seam}, and overrides: { ${name}: My${seam} }`,
  ]);
}
