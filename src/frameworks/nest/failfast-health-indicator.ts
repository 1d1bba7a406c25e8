import { Inject } from "@nestjs/common";
import type { CircuitState, Failfast } from "../../index.js";
import { FAILFAST } from "./tokens.js";

/** What is reported about a circuit that is not simply closed. */
export type CircuitHealth = {
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held?: "open" | "closed";
  /** Whole seconds until calls may go through again. */
  readonly retryAfter: number;
};

/** The form of a result in terminus, by its key. */
export type CircuitsHealth<Key extends string = string> = Record<
  Key,
  { status: "up" | "degraded" | "down"; circuits?: Record<string, CircuitHealth>; others?: number }
>;

/** What `check` reports as down. */
export interface HealthOptions {
  /** The circuits to look at, by name. Default: all. */
  readonly only?: readonly string[] | ((name: string) => boolean);
  /** The circuits without which the application can't work: `true` for all, or names. Default: none. */
  readonly down?: boolean | readonly string[];
}

/** People read a health check, so at most this many circuits are listed by name. */
const MOST = 50;

/**
 * Tells terminus about the circuits. An open one makes the application `degraded` (200), and never `down` (503) unless
 * that is requested: if somebody else's API is down, taking an instance out of traffic, or restarting it, only makes
 * things worse.
 *
 * ```ts
 * this.health.check([() => this.circuits.check("circuits")]);
 * ```
 */
export class FailfastHealthIndicator {
  readonly #failfast: Failfast;

  constructor(failfast: Failfast) {
    this.#failfast = failfast;
  }

  check<const Key extends string = "circuits">(key?: Key, options: HealthOptions = {}): CircuitsHealth<Key> {
    const { only = () => true, down = false } = options;
    const looksAt = typeof only === "function" ? only : (name: string) => only.includes(name);
    const vital = Array.isArray(down) ? (name: string) => down.includes(name) : () => down === true;
    const circuits = new Map<string, CircuitHealth>();
    let others = 0;
    let status: "up" | "degraded" | "down" = "up";
    for (const { name, state, held, retryAfter } of this.#failfast.circuits()) {
      if ((state === "closed" && held === undefined) || !looksAt(name)) continue;
      // A circuit that may be called is not down. Without calls it would never recover.
      const rejects = state !== "closed" && retryAfter > 0;
      if (state !== "closed" && status !== "down") status = rejects && vital(name) ? "down" : "degraded";
      if (circuits.size === MOST) others++;
      else
        circuits.set(name, {
          state,
          ...(held === undefined ? {} : { held }),
          retryAfter: Math.ceil(retryAfter),
        });
    }
    const health: CircuitsHealth[string] = {
      status,
      ...(circuits.size === 0 ? {} : { circuits: Object.fromEntries(circuits) }),
      ...(others === 0 ? {} : { others }),
    };
    return { [key ?? "circuits"]: health } as CircuitsHealth<Key>;
  }
}
Inject(FAILFAST)(FailfastHealthIndicator, undefined, 0);
