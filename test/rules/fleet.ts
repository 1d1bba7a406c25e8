import {
  type Circuit,
  type Clock,
  createFailfast,
  type Failfast,
  type FailfastOptions,
  isFailfastError,
} from "../../src/index.js";
import { type ManualClock, manualClock } from "../../src/testing/index.js";
import { type FaultyStore, faultyStore, type Link } from "./faulty-store.js";

/** One process of a fleet, with the circuit that the tests are about. */
export interface Member {
  readonly failfast: Failfast;
  readonly link: Link;
  readonly circuit: Circuit;
  /** Calls that reached the backend. */
  readonly calls: number;
  succeed(): Promise<string>;
  fail(): Promise<string>;
}

export interface FleetOptions {
  readonly timeout?: number;
  readonly options?: FailfastOptions;
  readonly without?: readonly ("swap" | "list" | "watch")[];
  readonly delay?: number;
  /** Whether the store's answers have its clock. */
  readonly tells?: boolean;
  /** The seed of the random numbers. */
  readonly seed?: number;
  /** How far each process's wall clock is off, in ms. */
  readonly skew?: (member: number) => number;
}

export interface Fleet {
  readonly clock: ManualClock;
  readonly store: FaultyStore;
  readonly members: Member[];
  /** Starts another process of the fleet. */
  join(): Promise<Member>;
}

/** The backend's failure. */
export const boom: Error = Object.assign(new Error("secret: customer 4711"), { code: "ECONNREFUSED" });

/** How a call ended: `ok`, `failed`, `rejected` (by the circuit), or `something else`. */
export const ending = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (isFailfastError(error) ? "rejected" : error === boom ? "failed" : "something else"),
  );

/** A call that its caller aborts. */
export const givenUp = (circuit: Circuit): Promise<string> => {
  const caller = new AbortController();
  return ending(
    circuit.run(
      () => {
        caller.abort();
        throw boom;
      },
      { signal: caller.signal as never },
    ),
  );
};

/** A call that ends when the test says so. */
export function pendingCall(circuit: Circuit): {
  readonly end: Promise<string>;
  succeed(): void;
  fail(): void;
  readonly made: () => boolean;
} {
  let made = false;
  let resolve = (): void => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((succeed, fail) => {
    resolve = succeed;
    reject = fail;
  });
  // If the circuit rejects the call, nothing else handles the rejection.
  promise.catch(() => undefined);
  const end = ending(
    circuit.run(() => {
      made = true;
      return promise;
    }),
  );
  return { end, succeed: () => resolve(), fail: () => reject(boom), made: () => made };
}

/** Processes that share a store, each with a connection of its own, all in step with it. */
export async function fleet(size: number, given: FleetOptions = {}): Promise<Fleet> {
  const clock = manualClock({ seed: given.seed ?? 7 });
  const store = faultyStore(clock, given.tells === undefined ? {} : { tells: given.tells });
  const members: Member[] = [];
  const join = async (): Promise<Member> => {
    const n = members.length;
    const own: Clock = { ...clock, wall: () => clock.wall() + (given.skew?.(n) ?? 0) };
    const link = store.connect({ without: given.without ?? [], delay: given.delay ?? 1 });
    const failfast = createFailfast({ clock: own, store: link, host: `host${n}` });
    const circuit = failfast("x", given.timeout ?? 60, given.options);
    let calls = 0;
    const member: Member = {
      failfast,
      link,
      circuit,
      get calls() {
        return calls;
      },
      succeed: () =>
        ending(
          circuit.run(() => {
            calls++;
          }),
        ),
      fail: () =>
        ending(
          circuit.run(() => {
            calls++;
            throw boom;
          }),
        ),
    };
    members.push(member);
    const ready = failfast.ready();
    await clock.advance(50 + 4 * link.delay);
    await ready;
    return member;
  };
  for (let n = 0; n < size; n++) await join();
  return { clock, store, members, join };
}

/** The member at an index, which must exist. */
export function at(members: readonly Member[], place: number): Member {
  const member = members[place];
  if (member === undefined) throw new Error(`the fleet has no member ${place}`);
  return member;
}

/** The result of something during which the clock has to move. */
export async function during<T>(clock: ManualClock, ms: number, call: () => Promise<T>): Promise<T> {
  const answer = call();
  await clock.advance(ms);
  return answer;
}
