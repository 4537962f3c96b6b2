import type { SettingType } from './setting-type.js';

/** One row of the settings table: the only place where a default is written. */
export interface Setting<T> {
  readonly type: SettingType<T>;
  readonly defaults: Defaults<T>;
  readonly meaning: string;
  /** Who defined the setting: SimpleJWT (contract §13), Django REST framework (contract §11) or this package (design §2). */
  readonly from: 'SimpleJWT' | 'DRF' | 'ours';
  /** What stands before the name's capitals in the environment. */
  readonly prefix: 'SIMPLE_JWT_' | '';
}

/** The default under each profile. */
type Defaults<T> = Readonly<Record<'secure' | 'parity', T>>;

class ByProfile<T> {
  constructor(readonly defaults: Defaults<T>) {}
}

/** A default that depends on the profile. */
export const byProfile = <const T>(defaults: Defaults<T>): ByProfile<T> => new ByProfile(defaults);

const rowOf =
  (from: Setting<unknown>['from'], prefix: Setting<unknown>['prefix']) =>
  /** The value's type comes from `type` alone: a default must not widen a choice of words to any text. */
  <T>(
    type: SettingType<T>,
    standard: NoInfer<T> | ByProfile<NoInfer<T>>,
    meaning: string,
  ): Setting<T> => ({
    type,
    defaults:
      standard instanceof ByProfile ? standard.defaults : { secure: standard, parity: standard },
    meaning,
    from,
    prefix,
  });

/** A setting of SimpleJWT: its type, default and meaning. */
export const simpleJwt = rowOf('SimpleJWT', 'SIMPLE_JWT_');
/** A setting of Django REST framework. */
export const djangoRest = rowOf('DRF', '');
/** A setting of this package. */
export const ours = rowOf('ours', 'SIMPLE_JWT_');
/** A setting of this package whose variable has the usual name of its kind, such as `REDIS_URL`. */
export const unprefixed = rowOf('ours', '');

/** The values of a table. */
export type ValuesOf<T> = {
  readonly [N in keyof T]: T[N] extends Setting<infer V> ? V : never;
};
