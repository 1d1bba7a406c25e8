import { afterEach, vi } from "vitest";
import { createFailfast, type Failfast, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";
import CircuitBreaker, { type BreakerOptions } from "./index.js";

/** Breakers that end after the test. */
export const breakers: CircuitBreaker<never>[] = [];

/** Each test of the file ends its breakers. */
export function endBreakers(): void {
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const breaker of breakers.splice(0)) breaker.shutdown();
  });
}

/** The argument decides the outcome of a call. */
export const action = async (answer: unknown): Promise<unknown> => {
  if (answer instanceof Error) throw answer;
  return answer;
};

export function breakerOf<TI extends unknown[], TR>(
  made: (...args: TI) => Promise<TR>,
  options: BreakerOptions<TI> = {},
): CircuitBreaker<TI, TR> {
  const breaker = new CircuitBreaker(made, options);
  breakers.push(breaker as never);
  return breaker;
}

/** Two processes of a fleet: each has a failfast of its own, over one store. */
export function fleet(): { clock: ReturnType<typeof manualClock>; here: Failfast; there: Failfast } {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const member = (host: string): Failfast => createFailfast({ store, clock, host });
  return { clock, here: member("here"), there: member("there") };
}

export const down = new Error("down");
export const failing = async (breaker: CircuitBreaker<[unknown]>): Promise<unknown> =>
  breaker.fire(down).catch((e) => e);
