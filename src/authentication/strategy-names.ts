import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import passport from 'passport';
import { ConfigError } from '../config/config-error.js';

/** Passport keeps strategies by name for the whole process; its types do not show that they can be read. */
interface Registry {
  readonly _strategy: (name: string) => object | undefined;
}

/** A name of ours: who had it before, and the strategy that we gave it to. */
interface Claim {
  readonly name: string;
  readonly before: object | undefined;
  readonly ours: object;
}

/**
 * Watches over the names of our passport strategies. Of two strategies with one name the later takes the place of the
 * earlier without a word, and the order of modules would decide whose tokens open a route.
 */
@Injectable()
export class StrategyNames implements OnApplicationBootstrap {
  private readonly claims: Claim[] = [];

  constructor(private readonly modules: ModulesContainer) {}

  /**
   * To be called right before our strategy of that name is registered.
   *
   * @returns what is to be told our strategy
   */
  claim(name: string): (ours: object) => void {
    const before = registered(name);
    return (ours) => {
      this.claims.push({ name, before, ours });
    };
  }

  /** @throws ConfigError when a provider of this application wants a name of ours for its own strategy */
  onApplicationBootstrap(): void {
    const problems = this.claims.flatMap(({ name, before, ours }) => {
      const now = registered(name);
      const other = now === ours ? before : now;
      const owner = other && this.moduleOf(other);
      return owner ? [conflict(name, other.constructor.name, owner)] : [];
    });
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** The module that provides a strategy; null for one of another application in this process. */
  private moduleOf(strategy: object): string | null {
    for (const { name, providers } of this.modules.values()) {
      for (const { instance } of providers.values()) if (instance === strategy) return name;
    }
    return null;
  }
}

function registered(name: string): object | undefined {
  const { _strategy: find } = passport as unknown as Registry;
  return find.call(passport, name);
}

function conflict(name: string, className: string, module: string): string {
  return `Two passport strategies are named "${name}": ${className} of ${module}, and that of AuthModule (nest-simplejwt). Give yours a name of its own. Example: class ${className} extends PassportStrategy(Strategy, 'my-${name}'), and AuthGuard('my-${name}') where it is used; or remove it, if the one of AuthModule does what you need.`;
}
