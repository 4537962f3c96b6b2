import {
  Injectable,
  Logger,
  type CanActivate,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import type { Subscription } from 'rxjs';
import { handlersInUse, type HandlerClass } from './handlers-in-use.js';
import { closes, isOpenWithoutGlobalGuard, namesGuard } from '../guards/route-rules.js';

/** Keys of the metadata of @nestjs/graphql and @nestjs/microservices, which a host need not have. */
const FIELD_MARKS = ['graphql:resolve_property', 'graphql:resolve_reference'];
const PARENT_TYPE = 'graphql:resolver_type';
const MESSAGE_PATTERN = 'microservices:pattern';
/** Token of what `GraphQLModule.forRoot()` was given. */
const GRAPHQL_OPTIONS = 'GqlModuleOptions';
/** Types whose fields Nest guards. */
const ROOT_TYPES: readonly unknown[] = ['Query', 'Mutation', 'Subscription'];

/** The application's own configuration, where Nest keeps its global guards. */
interface ApplicationConfig {
  getGlobalGuards: (this: ApplicationConfig) => CanActivate[];
}

/** The server of a transport, as Nest has made it. */
interface MessageServer {
  readonly getHandlers?: () => ReadonlyMap<string, unknown>;
}

/**
 * Warns at start of handlers that look closed and are open, since Nest does not run the guard that closes them: fields of
 * GraphQL, and messages of a microservice that inherits nothing of the application. Neither is a mistake for sure, since
 * the way to such a handler may be guarded.
 */
@Injectable()
export class UnreachedHandlers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('nest-simplejwt');
  private readonly config: ApplicationConfig | undefined;
  private readonly connections: Subscription;
  private isStarted = false;
  private hasBareMicroservice = false;
  private endWatch: (() => void) | null = null;

  constructor(
    private readonly modules: ModulesContainer,
    contexts: ExternalContextCreator,
  ) {
    // Nest does not inject the application's configuration; this class of Nest has it, to run the global guards.
    const { guardsContextCreator } = contexts as unknown as {
      guardsContextCreator?: { config?: ApplicationConfig };
    };
    this.config = guardsContextCreator?.config;
    this.connections = modules.getRpcTargetRegistry<MessageServer>().subscribe((server) => {
      if (this.config) this.watch(server, this.config);
    });
  }

  onApplicationBootstrap(): void {
    this.isStarted = true;
    this.warnOfFields();
    if (this.hasBareMicroservice) this.warnOfMessages();
  }

  onModuleDestroy(): void {
    this.connections.unsubscribe();
  }

  private warnOfFields(): void {
    if (!this.areFieldsOpen()) return;
    const found = this.handlers(({ type }, method) => {
      const isField = FIELD_MARKS.some((mark) => Reflect.hasMetadata(mark, method));
      const parent: unknown =
        Reflect.getMetadata(PARENT_TYPE, method) ?? Reflect.getMetadata(PARENT_TYPE, type);
      return isField && !ROOT_TYPES.includes(parent) && namesGuard(method, type);
    });
    if (found === '') return;
    this.logger.warn(
      `Nest runs no guards for fields of GraphQL, so that theirs do not close ${found}: whoever is let in by a query, mutation or subscription that leads there gets them. Guard all of these, or run guards for fields. Example: GraphQLModule.forRoot({ fieldResolverEnhancers: ['guards'] })`,
    );
  }

  private warnOfMessages(): void {
    const guards = this.config?.getGlobalGuards() ?? [];
    const guard = guards.find((one) => closes(one));
    const found = this.handlers(
      ({ type }, method) =>
        Reflect.hasMetadata(MESSAGE_PATTERN, method) && isOpenWithoutGlobalGuard(method, type),
    );
    if (!guard || found === '') return;
    this.logger.warn(
      `The global ${guard.constructor.name} does not reach the messages of a microservice that inherits nothing of the application, so that everybody may send those of ${found}. Example: app.connectMicroservice(options, { inheritAppConfig: true })`,
    );
  }

  /** Whether there is a schema for whose fields no guards are run. */
  private areFieldsOpen(): boolean {
    return [...this.modules.values()].some(({ providers }) => {
      const options: unknown = providers.get(GRAPHQL_OPTIONS)?.instance;
      if (typeof options !== 'object' || options === null) return false;
      const { fieldResolverEnhancers = [] } = options as { fieldResolverEnhancers?: string[] };
      return !fieldResolverEnhancers.includes('guards');
    });
  }

  /**
   * Finds out whether a microservice that is being connected asks the application for its global guards: in nothing else
   * does one that inherits differ from one that does not. Nest announces a microservice right before it registers the
   * handlers, in the same run of the event loop; a microservice that is initialised later goes unnoticed.
   */
  private watch(server: MessageServer, config: ApplicationConfig): void {
    // The watch over another microservice, connected right before.
    this.endWatch?.();
    let isInheriting = false;
    const { getGlobalGuards } = config;
    config.getGlobalGuards = () => {
      isInheriting = true;
      return getGlobalGuards.call(config);
    };
    const end = (): void => {
      if (this.endWatch !== end) return;
      this.endWatch = null;
      config.getGlobalGuards = getGlobalGuards;
      const isRegistered = (server.getHandlers?.().size ?? 0) > 0;
      if (isInheriting || !isRegistered || this.hasBareMicroservice) return;
      this.hasBareMicroservice = true;
      if (this.isStarted) this.warnOfMessages();
    };
    this.endWatch = end;
    queueMicrotask(end);
  }

  /** The names of these handlers, class by class; empty where there are none. */
  private handlers(isMeant: (owner: HandlerClass, method: object) => boolean): string {
    const places = new Set<string>();
    for (const owner of handlersInUse(this.modules)) {
      const names = [...owner.methods].filter(([, method]) => isMeant(owner, method));
      if (names.length > 0) {
        places.add(`${owner.type.name} (${names.map(([name]) => name).join(', ')})`);
      }
    }
    return [...places].join(', ');
  }
}
