import type { DynamicModule, InjectionToken, OptionalFactoryDependency, Type } from "@nestjs/common";
import type { Duration, FailfastDefaults, FailfastOptions } from "../../index.js";

/** The defaults of all circuits, including the store, and what the module does in addition. */
export interface FailfastModuleOptions extends FailfastDefaults {
  /** Whether {@link FailfastFilter} answers rejections if no filter of the application does. Default: true. */
  readonly filter?: boolean;
  /** Whether transitions are logged by Nest's `Logger`. Default: true. */
  readonly log?: boolean;
}

type Answer<T> = T | Promise<T>;

/** Makes the options, for `useClass` and `useExisting`. */
export interface FailfastOptionsFactory {
  createFailfastOptions(): Answer<FailfastModuleOptions>;
}

/** Where the options come from: one of `useFactory`, `useClass` and `useExisting`. */
export interface FailfastModuleAsyncOptions extends Pick<DynamicModule, "imports"> {
  /** Makes the options from the injected values: a Redis client, `CACHE_MANAGER`, a configuration service. */
  readonly useFactory?: (...args: never[]) => Answer<FailfastModuleOptions>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useClass?: Type<FailfastOptionsFactory>;
  readonly useExisting?: InjectionToken<FailfastOptionsFactory>;
}

/** A circuit that `forFeature` provides. */
export interface FeatureCircuit extends FailfastOptions {
  readonly name: string;
  /** How long it stays open. Default: what `forRoot` or another place with that name says. */
  readonly timeout?: Duration;
}
