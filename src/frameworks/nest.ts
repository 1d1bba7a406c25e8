export { Failfast } from "./nest/failfast-decorator.js";
export { FailfastFilter } from "./nest/failfast-filter.js";
export {
  type CircuitHealth,
  type CircuitsHealth,
  FailfastHealthIndicator,
  type HealthOptions,
} from "./nest/failfast-health-indicator.js";
export { FailfastInterceptor } from "./nest/failfast-interceptor.js";
export { FailfastModule } from "./nest/failfast-module.js";
export type {
  FailfastModuleAsyncOptions,
  FailfastModuleOptions,
  FailfastOptionsFactory,
  FeatureCircuit,
} from "./nest/options.js";
export { FAILFAST, FAILFAST_OPTIONS, getCircuitToken, InjectCircuit, InjectFailfast } from "./nest/tokens.js";
