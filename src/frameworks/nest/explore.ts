import type { ModulesContainer } from "@nestjs/core";
import type { Failfast } from "../../index.js";
import { type Declaration, declarationsOf } from "./declaration.js";
import { assignFailfast } from "./instances.js";

/**
 * Makes every circuit that the application declares. So an error in one of them stops the start and not a call, and a
 * name alone finds the time given elsewhere, in whatever order Nest visits them.
 *
 * @throws what `failfast(name, timeout, options)` throws.
 */
export function makeDeclared(modules: ModulesContainer, failfast: Failfast): void {
  const found: Declaration[] = [];
  for (const { metatype } of providersOf(modules)) {
    if (typeof metatype !== "function") continue;
    found.push(...declarationsOf(metatype), ...declarationsOf(metatype.prototype ?? metatype));
  }
  for (const declaration of found) if (declaration.timeout !== undefined) declaration.circuit(failfast);
  for (const declaration of found) declaration.circuit(failfast);
  const names = new Set(Array.from(failfast.circuits(), ({ name }) => name));
  for (const declaration of found) declaration.checkTime(names);
}

/** Gives the `failfast` to providers that Nest did not make from a class: objects made by a factory, or given values. */
export function assignToInstances(modules: ModulesContainer, failfast: Failfast): void {
  for (const { instance } of providersOf(modules)) {
    if (typeof instance !== "object" || instance === null) continue;
    for (const declaration of declarationsOf(instance)) {
      assignFailfast(instance, failfast);
      declaration.circuit(failfast);
    }
  }
}

function* providersOf(modules: ModulesContainer): Generator<{ metatype: unknown; instance: unknown }> {
  for (const { providers, controllers, injectables, middlewares } of modules.values()) {
    for (const each of [providers, controllers, injectables, middlewares])
      for (const { metatype, instance } of each.values()) yield { metatype, instance };
  }
}
