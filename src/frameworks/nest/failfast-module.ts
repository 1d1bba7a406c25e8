import {
  type DynamicModule,
  Global,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from "@nestjs/common";
import { ApplicationConfig, ModulesContainer } from "@nestjs/core";
import { type Circuit, type Circuits, createFailfast, type Failfast } from "../../index.js";
import { logTo } from "../../telemetry/log.js";
import { Declaration, declare } from "./declaration.js";
import { assignToInstances, makeDeclared } from "./explore.js";
import { FailfastFilter } from "./failfast-filter.js";
import { FailfastHealthIndicator } from "./failfast-health-indicator.js";
import { isFailure } from "./failures.js";
import { register, unregister } from "./instances.js";
import type {
  FailfastModuleAsyncOptions,
  FailfastModuleOptions,
  FailfastOptionsFactory,
  FeatureCircuit,
} from "./options.js";
import { FAILFAST, FAILFAST_OPTIONS, getCircuitToken } from "./tokens.js";

/**
 * It depends on nothing of its module, so it runs before the first request even if the module is made for each request.
 */
class RootCheck implements OnModuleInit {
  readonly #modules: ModulesContainer;

  constructor(modules: ModulesContainer) {
    this.#modules = modules;
  }

  onModuleInit(): void {
    const roots = [...this.#modules.values()].filter(({ metatype }) => metatype === FailfastModule);
    if (roots.length > 1)
      throw new Error(
        `FailfastModule.forRoot() is imported ${roots.length} times, but all circuits belong to one: import it once, in the root module`,
      );
    if (roots.some(({ providers }) => providers.get(FAILFAST)?.isDependencyTreeStatic() === false))
      throw new Error(
        "the options of FailfastModule depend on a provider that is made for each request, but circuits outlive requests: inject no such provider",
      );
  }
}
Inject(ModulesContainer)(RootCheck, undefined, 0);

/** `forFeature` provides a module of its own: the hooks below belong to the root. */
class FailfastCircuitsModule {}
Module({})(FailfastCircuitsModule);

/** Circuits in a Nest application: `forRoot` once, in the root module; it is global. */
export class FailfastModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #failfast: Failfast;
  readonly #modules: ModulesContainer;

  constructor(
    failfast: Failfast,
    options: FailfastModuleOptions | undefined,
    filter: FailfastFilter,
    application: ApplicationConfig,
    modules: ModulesContainer,
  ) {
    this.#failfast = failfast;
    this.#modules = modules;
    register(failfast);
    // Before those of the application, which are asked first.
    if (options?.filter !== false) application.addGlobalFilter(filter);
    if (options?.log !== false) logTo(failfast, nestLogger());
  }

  /** The module's own `failfast`, with these defaults. */
  static forRoot(options: FailfastModuleOptions = {}): DynamicModule {
    return root({ provide: FAILFAST_OPTIONS, useValue: options });
  }

  /**
   * The same, with options from other providers:
   *
   * ```ts
   * FailfastModule.forRootAsync({ inject: [CACHE_MANAGER], useFactory: (cache) => ({ store: cacheStore(cache) }) })
   * ```
   *
   * @throws {TypeError} if it names none of `useFactory`, `useClass` and `useExisting`.
   */
  static forRootAsync(options: FailfastModuleAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory, useClass, useExisting } = options;
    if (useFactory !== undefined) {
      const provider = { provide: FAILFAST_OPTIONS, inject, useFactory: useFactory as () => unknown };
      return root(provider, imports);
    }
    const factory = useExisting ?? useClass;
    if (factory === undefined)
      throw new TypeError("forRootAsync() takes one of useFactory, useClass and useExisting; none is there");
    const provider = {
      provide: FAILFAST_OPTIONS,
      inject: [factory],
      useFactory: (made: FailfastOptionsFactory) => made.createFailfastOptions(),
    };
    return root(provider, imports, useClass === undefined ? [] : [useClass]);
  }

  /** Provides circuits to the module that imports it, for `@InjectCircuit(name)`. */
  static forFeature(circuits: readonly (string | FeatureCircuit)[]): DynamicModule {
    const providers = circuits.map((circuit) => {
      const { name, timeout, ...options }: FeatureCircuit =
        typeof circuit === "string" ? { name: circuit } : circuit;
      const declaration = new Declaration(name, timeout, options);
      const useFactory = (failfast: Failfast, modules: ModulesContainer): Circuit | Circuits => {
        makeDeclared(modules, failfast);
        return declaration.circuit(failfast);
      };
      declare(useFactory, declaration);
      return { provide: getCircuitToken(name), inject: [FAILFAST, ModulesContainer], useFactory };
    });
    return {
      module: FailfastCircuitsModule,
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }

  onModuleInit(): void {
    makeDeclared(this.#modules, this.#failfast);
    assignToInstances(this.#modules, this.#failfast);
  }

  /** So that the first request knows the fleet's state. It does not wait for a store that doesn't answer. */
  async onApplicationBootstrap(): Promise<void> {
    await this.#failfast.ready();
  }

  /** Pending writes are finished before anybody closes the store's client. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#failfast.settled();
  }

  async onApplicationShutdown(): Promise<void> {
    unregister(this.#failfast);
    await this.#failfast.close();
  }
}
Global()(FailfastModule);
Module({})(FailfastModule);
for (const [index, token] of [
  FAILFAST,
  FAILFAST_OPTIONS,
  FailfastFilter,
  ApplicationConfig,
  ModulesContainer,
].entries())
  Inject(token)(FailfastModule, undefined, index);

function root(
  options: Provider,
  imports: NonNullable<DynamicModule["imports"]> = [],
  more: Provider[] = [],
): DynamicModule {
  const failfast = {
    provide: FAILFAST,
    inject: [FAILFAST_OPTIONS, ModulesContainer],
    useFactory: (given: FailfastModuleOptions | undefined, modules: ModulesContainer) => {
      const { filter: _, log: __, ...defaults } = given ?? {};
      const made = createFailfast({ exceptions: isFailure, ...defaults });
      makeDeclared(modules, made);
      return made;
    },
  };
  return {
    module: FailfastModule,
    imports,
    providers: [...more, options, failfast, FailfastFilter, FailfastHealthIndicator, RootCheck],
    exports: [FAILFAST, FailfastFilter, FailfastHealthIndicator],
  };
}

/** Only the messages, as Nest's loggers take them. */
function nestLogger(): Parameters<typeof logTo>[1] {
  const logger = new Logger("Failfast");
  return {
    info: (_, message) => logger.log(message),
    warn: (_, message) => logger.warn(message),
  };
}
