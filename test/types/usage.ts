// What users write, checked with every supported compiler, flag and library. It never runs.
import {
  type Circuit,
  createFailfast,
  type FailfastError,
  type FailfastOptions,
  failfast,
  firstAvailable,
  isFailfastError,
  memoryStore,
  type RecoveryCheck,
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
// A promise with methods of its own becomes a plain one, and so does a query that runs when it is awaited.
declare class ApiPromise<T> extends Promise<T> {
  withResponse(): Promise<{ data: T }>;
}
interface Query<T> extends PromiseLike<T> {
  limit(rows: number): Query<T>;
}
declare function create(prompt: string): ApiPromise<number>;
declare function invoicesOf(customer: string): Query<string[]>;
const created = circuit(create);
same<typeof created, (prompt: string) => Promise<number>>(true);
// @ts-expect-error: it has this method no more
created("x").withResponse();
const queried = circuit(invoicesOf);
same<typeof queried, (customer: string) => Promise<string[]>>(true);
declare function doubled(n: number): PromiseLike<number>;
const like = circuit(doubled);
same<typeof like, (n: number) => PromiseLike<number>>(true);
const mixed = circuit((n: number): number | Promise<number> => n);
same<typeof mixed, (n: number) => number | Promise<number>>(true);
// A function that never returns keeps its type parameters, and gives what its fallback gives.
declare function refuse<T>(reason: T): never;
const refused: <T>(reason: T) => never = circuit(refuse);
same<typeof refused, typeof refuse>(true);
const excused = failfast("x", 60, { fallback: () => 0 })((reason: string): never => {
  throw new Error(reason);
});
same<typeof excused, (reason: string) => number>(true);
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
const api = failfast((host: string) => `api:${host}`, 60);
const one: Circuit = api.for("x");
// @ts-expect-error: a name is a string
failfast((host: string) => host.length, 60);

for (const time of ["250ms", "30s", "5m", "2h", "1d", "1.5s", 60] as const) failfast("x", time);
// @ts-expect-error: no such unit
failfast("x", "1w");
// @ts-expect-error: no unit
failfast("x", "60");
// @ts-expect-error: no such unit
circuit.trip({ for: "5min" });
// @ts-expect-error: a block gives a promise, sync or not
const direct: string = circuit.run(() => "x");
// @ts-expect-error: an operator holds it open or closed
circuit.hold("half-open");
failfast("x", 60, { fallback: (error, customer: string) => `${error.circuit} ${customer}` });
const rest = circuit((first: string, ...others: number[]) => [first, ...others]);
same<typeof rest, (first: string, ...others: number[]) => (string | number)[]>(true);
// @ts-expect-error: a number
failfast("x", 60, { probes: "2" });
// @ts-expect-error: a class, a list of them or a predicate
failfast("x", 60, { exceptions: "TimeoutError" });
// @ts-expect-error: no such value
failfast("x", 60, { returns: "sync" });
// @ts-expect-error: a store
failfast("x", 60, { store: new Map<string, string>().keys() });
void [one, direct];

const chunks: AsyncGenerator<string, void, undefined> = circuit.stream(async function* () {
  yield "x";
});
failfast("x", 60, { backoff: { factor: 2, forget: "10m" } });
failfast("x", 60, { idleTimeout: "10s" });
// @ts-expect-error: no unit
failfast("x", 60, { idleTimeout: "10" });
const late: "call" | "first-item" | "next-item" = new TimeoutError("x", { waitedFor: "call" }).waitedFor;
void late;
const answer: Promise<number> = firstAvailable([circuit, one], async ({ name }) => name.length);
const findings: readonly { finding: "never-trips" | "trips-needlessly" }[] = createFailfast().lint();
failfast("x", "30s", {
  failureRate: 0.5,
  minimumCalls: 20,
  window: "10s",
  slowCall: "2s",
  callTimeout: "3s",
  backoff: { factor: 2, max: "5m", jitter: 0.2 },
  retryAfter: { min: 1, max: "2m", from: (failure) => (failure === undefined ? undefined : 5) },
  rampUp: "30s",
  scope: "confirm",
  quorum: 2,
  mode: "shadow",
});
failfast("x", 60, { ignore: [RangeError, SyntaxError], consecutive: 5, slowCall: "200ms" });
failfast("x", 60, { ignore: (error) => error instanceof RangeError, threshold: 5, failureRate: 0.5 });
const inFlight: number | undefined = failfast("x", 60).snapshot().inFlight;
const oldest: number | undefined = failfast("x", 60).snapshot().oldestCallMs;
const soonest: Promise<string> = firstAvailable([circuit], async ({ name }) => name, { whenAllOpen: "try" });
// @ts-expect-error: no such way
firstAvailable([circuit], () => 1, { whenAllOpen: "wait" });
// @ts-expect-error: a number of failures
failfast("x", 60, { consecutive: "5" });
class Tenant {
  id = "a";
  call = failfast(function (this: Tenant, path: string) {
    return `${this.id}:${path}`;
  }, 60)(async (path: string) => path);
}
void [inFlight, oldest, soonest, Tenant];
// @ts-expect-error: no such scope
failfast("x", 60, { scope: "host" });
// @ts-expect-error: no such mode
failfast("x", 60, { mode: "off" });
// @ts-expect-error: a list of circuits
firstAvailable(circuit, () => 1);
// @ts-expect-error: neither an async iterable nor a ReadableStream
circuit.stream(() => 7);
void [chunks, answer, findings];

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
failfast("x", 60, { recovery: (signal, name) => (signal.aborted ? false : name) });
failfast("x", 60, { recovery: async () => {} }).update({ recovery: () => false });
const ping: RecoveryCheck = async (signal) => !signal.aborted;
failfast((host: string) => host, 60, { recovery: ping });
// @ts-expect-error: the check gets a signal and a name
failfast("x", 60, { recovery: (_: unknown, limit: number) => limit > 0 });
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

// A fallback's type is part of the guarded function's type.
const lenient = failfast("x", 60, { fallback: () => null });
const rowsOrNull = lenient(async (customer: string): Promise<string[]> => [customer]);
same<typeof rowsOrNull, (this: unknown, customer: string) => Promise<string[] | null>>(true);
const syncOrNull = lenient((n: number) => n);
same<ReturnType<typeof syncOrNull>, number | null>(true);
same<Awaited<ReturnType<typeof lenient.run<number>>>, number | null>(true);
// @ts-expect-error: it may be null
const noNull: Promise<string[]> = rowsOrNull("ann");
// A fallback with the function's own type changes nothing, and generics are kept.
const empty = failfast("x", 60, { fallback: (error, customer: string) => [`${error.circuit} ${customer}`] });
const rowsAlways = empty(async (customer: string): Promise<string[]> => [customer]);
same<typeof rowsAlways, (customer: string) => Promise<string[]>>(true);
const asyncFallback = failfast("x", 60, { fallback: async () => 0 });
const numberOrText = asyncFallback(async () => "x");
same<Awaited<ReturnType<typeof numberOrText>>, string | number>(true);
const thrown = failfast("x", 60, {
  fallback: (error) => {
    throw error;
  },
});
const unchanged = thrown(async <T>(value: T): Promise<T> => value);
same<typeof unchanged, <T>(value: T) => Promise<T>>(true);
const byTenant = failfast((tenant: string) => tenant, 60, { fallback: () => undefined });
const named = byTenant(async (tenant: string) => tenant.length);
same<Awaited<ReturnType<typeof named>>, number | undefined>(true);
same<Awaited<ReturnType<ReturnType<typeof byTenant.for>["run"]>>, unknown>(true);
const defaulted = createFailfast({ fallback: () => null, timeout: 60 })("x")(async () => 1);
same<Awaited<ReturnType<typeof defaulted>>, number | null>(true);
const noDefault: (name: string, time: number) => Circuit = createFailfast();
// A circuit with a fallback of any kind may be used like any other.
const anyCircuit: Circuit<unknown> = lenient;
firstAvailable([lenient, circuit], async ({ name }) => name.length);
const options: FailfastOptions = { probes: 2 };
const annotated = failfast("x", 60, options)(async () => 1);
same<Awaited<ReturnType<typeof annotated>>, number>(true);
void [noNull, noDefault, anyCircuit];

// As in the README: no annotation, and undefined options are left out.
failfast("x", 60, { results: (r) => r.status >= 500 });
failfast("x", 60, {
  results: (r: { status: number }) => r.status >= 500,
  fallback: (error) => error.circuit,
});
const maybe = undefined as undefined | ((error: FailfastError) => string);
failfast("x", 60, { fallback: maybe, results: undefined, exceptions: undefined, enabled: undefined });

// A client's properties would bypass the circuit: its guarded function does not have them.
const client = Object.assign(async (url: string) => url.length, { get: async (url: string) => url });
const guardedClient = circuit(client);
const length: Promise<number> = guardedClient("x");
// @ts-expect-error: it is not guarded
guardedClient.get("x");
void length;

circuit.update({ timeout: "2m", threshold: 3, window: "1m", slowCall: undefined });
// @ts-expect-error: a store can't be changed while it runs
circuit.update({ store });
// @ts-expect-error: that is the handle's
circuit.update({ fallback: () => 1 });
circuit.on("open", (event) => event.store === store);
