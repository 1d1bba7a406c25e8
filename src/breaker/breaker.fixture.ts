import type { FailfastEventName } from "../events/event-types.js";
import { Events } from "../events/events.js";
import { settingsWith } from "../policy/settings.fixture.js";
import type { CircuitSettings } from "../policy/settings.js";
import { decodeCircuit, encode } from "../protocol/codec.js";
import type { CircuitRecord, HoldRecord } from "../protocol/record.js";
import { type Bench, bench } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { Breaker } from "./breaker.js";
import type { Failure } from "./failure.js";
import { StoreSession } from "./store-session.js";

export const OPEN_MS = 1_000;

/** One circuit named `x` over a hand-made store that answers synchronously. */
export interface Circuit extends Bench {
  readonly breaker: Breaker;
  readonly session: StoreSession;
  /** Events that listeners got, in order. */
  readonly told: { readonly type: string; readonly [field: string]: unknown }[];
  /** Processes that opened the circuit, as the session reports them. */
  readonly openers: string[];
  /** The record that the store has. */
  stored(): CircuitRecord | undefined;
}

interface Given {
  readonly without?: readonly ("swap" | "list" | "watch")[];
  /** Events that have a listener. Default: all but `success`. */
  readonly listensTo?: readonly FailfastEventName[];
}

const LISTENED: readonly FailfastEventName[] = ["open", "half-open", "close", "hold", "release"];

export function circuitWith(changes: Partial<CircuitSettings> = {}, given: Given = {}): Circuit {
  const set = bench(given.without);
  const told: Circuit["told"] = [];
  const openers: string[] = [];
  const events = new Events(() => undefined);
  for (const name of given.listensTo ?? LISTENED)
    events.on(name, (event) => void told.push(event as unknown as Circuit["told"][number]));
  const { clock } = set.replica;
  const session = new StoreSession(set.replica, clock, events, "my-host", (_, by) => void openers.push(by));
  const settings = settingsWith({ openMs: OPEN_MS, ...changes });
  const breaker = new Breaker("x", settings, session);
  breaker.users = 1;
  set.replica.subscribe("x", breaker);
  session.start();
  const stored = (): CircuitRecord | undefined => {
    const raw = set.store.held.get("circuit:x");
    return raw === undefined ? undefined : decodeCircuit(raw, set.time.wall());
  };
  return { ...set, breaker, session, told, openers, stored };
}

/** Another process wrote this record, and the store pushes it. */
export function pushed({ store }: Bench, record: CircuitRecord | HoldRecord): void {
  const key = "generation" in record ? "circuit:x" : "hold:x";
  const value = encode(record);
  store.held.set(key, value);
  store.watcher?.change({ key, value });
}

export const failure = (changes: Partial<Failure> = {}): Failure => ({
  error: undefined,
  reason: () => "it failed",
  origin: "backend",
  slow: false,
  openFor: undefined,
  ...changes,
});

/** A call that can't wait, and its admission. */
export const enter = (breaker: Breaker, callTimeoutMs = 0): Admission | undefined =>
  breaker.enter(false, callTimeoutMs) as Admission | undefined;

/** Makes a call that fails. */
export const fail = (breaker: Breaker, changes: Partial<Failure> = {}): void =>
  breaker.failed(enter(breaker) as Admission, failure(changes));

/** The same for a call that can wait: a promise of its admission. */
export const enterAsync = async (breaker: Breaker, callTimeoutMs = 0): Promise<Admission | undefined> =>
  breaker.enter(true, callTimeoutMs);

/** A store that answers a write when the test says so. */
interface Later {
  /** For each write since then: a function that answers it, and one that lets it fail. */
  readonly answers: (() => void)[];
  readonly errors: (() => void)[];
  /** Further writes are answered at once. */
  atOnce(): void;
}

function answeringLater({ store }: Bench): Later {
  const { swap } = store;
  const answers: (() => void)[] = [];
  const errors: (() => void)[] = [];
  store.swap = (...args) =>
    new Promise((done, refuse) => {
      answers.push(() => done(swap?.(...args) as never));
      errors.push(() => refuse(new Error("no")));
    });
  return { answers, errors, atOnce: () => void Object.assign(store, { swap }) };
}

/** A circuit that is open, whose time is over, and whose store answers writes later. */
export async function dueWithSlowStore(): Promise<Circuit & Later> {
  const circuit = circuitWith();
  fail(circuit.breaker);
  await circuit.time.advance(OPEN_MS);
  return { ...circuit, ...answeringLater(circuit) };
}
