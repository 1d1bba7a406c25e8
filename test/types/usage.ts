// What users write, checked with every supported compiler, flag and library; it never runs.
import {
  type Circuit,
  createFailfast,
  type FailfastError,
  failfast,
  isFailfastError,
  memoryStore,
  type Store,
  TimeoutError,
} from "failfast";
import { manualClock, storeContract } from "failfast/testing";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

const circuit: Circuit = failfast("x", 60, { exceptions: [TimeoutError], probes: 2 });

const wrapped = circuit(async (customer: string, limit = 1) => [customer, limit] as const);
const pair: Promise<readonly [string, number]> = wrapped("ann");
// @ts-expect-error: the signature is kept
wrapped(1);
const generic = circuit(async <T>(value: T): Promise<T> => value);
const kept: Promise<7> = generic<7>(7);
const sync = circuit((n: number) => n);
same<typeof sync, (n: number) => number>(true);
const bound = circuit(function (this: { base: number }, n: number) {
  return this.base + n;
});
bound.call({ base: 1 }, 2);
// @ts-expect-error: `this` is kept
bound.call({ base: "1" }, 2);

const row: Promise<number> = circuit.run(async (signal) => (signal.aborted ? 0 : 1));
const value: Promise<string> = circuit.run(() => "x");
circuit.on("open", ({ reason, by, local, retryAfterMs }) => [reason, by, local, retryAfterMs]);
circuit.on("store-down", ({ error }) => error).dispose();
const receipt: Promise<{ readonly stored: boolean }> = circuit.trip({ reason: "x", for: "5m" });
circuit.hold("open", { until: new Date() });

const byHost = failfast((host: string, port: number) => `${host}:${port}`, "250ms");
byHost.for("x", 1).state;
// @ts-expect-error: it takes the arguments of the function that names
byHost.for(1);

failfast("x", 60, { fallback: (error: FailfastError, customer: string) => [error.circuit, customer] });
failfast("x", 60, { results: (response: { status: number }) => response.status >= 500 });
failfast("x", 60, { exceptions: (error) => error instanceof RangeError, enabled: () => true });
failfast("x", 60, { exceptions: Error, returns: "promise", recovery: "all" });
// @ts-expect-error: no such unit
failfast("x", "60 seconds");
// @ts-expect-error: no such option
failfast("x", 60, { treshold: 3 });
// @ts-expect-error: no such value
failfast("x", 60, { recovery: "never" });
// @ts-expect-error: nothing to wrap
circuit(7);
// @ts-expect-error: no such event
circuit.on("opened", () => undefined);
// @ts-expect-error: a class is no function
circuit(class {});

const store: Store = { get: () => null, set: () => undefined, delete: async () => undefined };
const own = createFailfast({ store, host: "a", clock: manualClock(), timeout: 60 });
own.configure({ store: memoryStore() });
for (const each of own.circuits()) each.reset();
const cases: readonly { name: string; run(): Promise<void> }[] = storeContract(() => ({ store }));
if (isFailfastError(new Error("x"))) void [kept, pair, row, value, receipt, cases];
