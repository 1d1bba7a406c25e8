import { Inject } from "@nestjs/common";
import { formatValue } from "../../options/format-value.js";

/** The token of the module's own `failfast`, which makes the circuits of `@Failfast` and `@InjectCircuit`. */
export const FAILFAST = "FAILFAST";

/** The token of the options given to `forRoot` or `forRootAsync`. */
export const FAILFAST_OPTIONS = "FAILFAST_OPTIONS";

/** The token of a circuit that `FailfastModule.forFeature` provides: for `overrideProvider`, or a factory's `inject`. */
export function getCircuitToken(name: string): string {
  if (typeof name !== "string")
    throw new TypeError(`a circuit is injected by its name, a string; this is ${formatValue(name)}`);
  return `FAILFAST_CIRCUIT "${name}"`;
}

/** Injects the module's own `failfast`: makes circuits, lists them, listens to all of them. */
export function InjectFailfast(): PropertyDecorator & ParameterDecorator {
  return Inject(FAILFAST);
}

/** Injects a circuit that `FailfastModule.forFeature` names, in this module. */
export function InjectCircuit(name: string): PropertyDecorator & ParameterDecorator {
  return Inject(getCircuitToken(name));
}
