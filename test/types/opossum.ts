// What users of opossum write, with its types.

import { memoryStore } from "failfast";
import CircuitBreaker, { type BreakerOptions, type Stats } from "failfast/opossum";

interface User {
  readonly name: string;
}
const fetchUser = async (id: number, signal?: AbortSignal): Promise<User> => ({
  name: `${id}${signal?.aborted}`,
});

const options: CircuitBreaker.Options = { timeout: false, errorThresholdPercentage: 20 };
const breaker = new CircuitBreaker(fetchUser, { ...options, store: memoryStore(), name: "users" });
const named: CircuitBreaker<[id: number, signal?: AbortSignal], User> = breaker;
const user: Promise<User> = named.fire(1);
void user.then(({ name }) => name);
void breaker.call({ some: "this" }, 2, breaker.getSignal());
// @ts-expect-error an argument of another kind
void breaker.fire("1");

breaker.on("success", (result, latencyMs) => result.name.repeat(latencyMs));
breaker.on("failure", (error, latencyMs, [id]) => [error.message, latencyMs + id]);
breaker.on("halfOpen", (resetTimeout) => resetTimeout + 1);
breaker.once("fallback", (result: unknown, error) => [result, error.message]);
breaker.status.on("snapshot", (snapshot) => snapshot.fires + snapshot.latencyMean);
const stats: Stats = breaker.stats;
const primed: CircuitBreaker.Status = CircuitBreaker.newStatus({ stats });
export const again = new CircuitBreaker(async () => 1, { status: primed, state: breaker.toJSON().state });
breaker.fallback(again);
breaker.fallback((id: number, error: Error) => ({ name: `${id}: ${error.message}` }));
breaker.healthCheck(async () => undefined, 1_000);

export class Users extends CircuitBreaker<[number], User> {
  constructor(given: BreakerOptions<[number]> = {}) {
    super((id) => fetchUser(id), given);
  }
}
void new Users({ errorFilter: (error: { status?: number }, id) => error.status === 404 && id > 0 }).fire(1);
// @ts-expect-error a time is a number
new CircuitBreaker(fetchUser, { resetTimeout: "30s" });
// @ts-expect-error no such option
new CircuitBreaker(fetchUser, { circuit: { quorums: 2 } });
