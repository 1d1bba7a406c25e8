/// <reference lib="esnext.disposable" preserve="true" />
import { builtin, warn } from "../runtime/platform.js";

interface OfCircuit {
  /** The circuit's name. */
  readonly circuit: string;
}

interface Transition extends OfCircuit {
  /** Who: host and process. */
  readonly by: string;
  /** Why, as far as it is known here. */
  readonly reason: string;
  /** When, on the clock of the store (or of this process), in ms since the epoch. */
  readonly at: number;
  /** This process did it, or found it out by itself; not so where it was learned from the fleet. */
  readonly local: boolean;
}

interface Measured extends OfCircuit {
  /** How long the call took, in ms, where that is known: somebody listened to `success` when it began, and it is no stream. */
  readonly durationMs?: number;
}

/** Everything that can be listened to, by name. */
export interface FailfastEvents {
  /** Tripped, or opened again by a failed probe. `error` is the failure, where this process saw it. */
  open: Transition & { readonly type: "open"; readonly retryAfterMs: number; readonly error?: unknown };
  /** A probe is under way somewhere in the fleet. */
  "half-open": Transition & { readonly type: "half-open" };
  close: Transition & { readonly type: "close" };
  /** An operator holds it. `until`: ms since the epoch, 0 without an end. */
  hold: Transition & { readonly type: "hold"; readonly held: "open" | "closed"; readonly until: number };
  /** An operator's hold was released, or ended. */
  release: Transition & { readonly type: "release" };
  /** A call was not made. */
  reject: OfCircuit & { readonly type: "reject"; readonly error: Error };
  /** A call counted as a failure. `result` is there when it was a returned value that did. */
  failure: Measured & { readonly type: "failure"; readonly error?: unknown; readonly result?: unknown };
  /** A call counted as a success. */
  success: Measured & { readonly type: "success" };
  /** The store doesn't answer, or answers what no store may; calls go on with what this process knows. */
  "store-down": { readonly type: "store-down"; readonly error: unknown };
  "store-up": { readonly type: "store-up" };
}

export type FailfastEventName = keyof FailfastEvents;
export type FailfastListener<E extends FailfastEventName> = (event: FailfastEvents[E]) => void;

/** Ends what it was given for, by either name. */
export interface Subscription extends Disposable {
  dispose(): void;
}

const NAMES: readonly FailfastEventName[] = [
  "open",
  "half-open",
  "close",
  "hold",
  "release",
  "reject",
  "failure",
  "success",
  "store-down",
  "store-up",
];

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

const silent: Channel = { hasSubscribers: false, publish: () => undefined };
const diagnostics = builtin<{ channel(name: string): Channel }>("node:diagnostics_channel");
const channels = Object.fromEntries(
  NAMES.map((name) => [name, diagnostics?.channel(`failfast:${name}`) ?? silent]),
) as Record<FailfastEventName, Channel>;

/** Successes are the hot path: whether anybody outside listens to them is one look at this. */
export const successChannel: Channel = channels.success;

type Listener = (event: never) => void;

interface Listeners {
  readonly all: Set<Listener>;
  readonly byCircuit: Map<string, Set<Listener>>;
}

/** Who listens to what, for one `failfast` and its circuits. */
export class Events {
  readonly #listeners = new Map<FailfastEventName, Listeners>();
  readonly #onChange: () => void;

  /** `onChange` is called whenever somebody begins or ceases to listen to `success`. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Whether making the event is worth it. */
  observed(name: FailfastEventName): boolean {
    return (this.#listeners.size !== 0 && this.#listeners.has(name)) || channels[name].hasSubscribers;
  }

  /** The same of successes, which are many. */
  get successesObserved(): boolean {
    return (this.#listeners.size !== 0 && this.#listeners.has("success")) || successChannel.hasSubscribers;
  }

  on<E extends FailfastEventName>(name: E, listener: FailfastListener<E>, of?: string): Subscription {
    if (!NAMES.includes(name))
      throw new RangeError(`there is no event "${String(name)}": it takes ${NAMES.join(", ")}`);
    if (typeof listener !== "function")
      throw new TypeError(`the listener of "${name}" is ${typeof listener}, not a function`);
    // A wrapper of its own, so that one function listening twice is two subscriptions.
    const own: Listener = (event) => listener(event);
    // A store's health is no one circuit's.
    const circuit = name.startsWith("store-") ? undefined : of;
    const listeners = this.#listeners.get(name) ?? { all: new Set(), byCircuit: new Map() };
    this.#listeners.set(name, listeners);
    const set = circuit === undefined ? listeners.all : (listeners.byCircuit.get(circuit) ?? new Set());
    if (circuit !== undefined) listeners.byCircuit.set(circuit, set);
    set.add(own);
    if (name === "success") this.#onChange();
    const dispose = (): void => {
      if (!set.delete(own)) return;
      if (circuit !== undefined && set.size === 0) listeners.byCircuit.delete(circuit);
      if (listeners.all.size + listeners.byCircuit.size === 0) this.#listeners.delete(name);
      if (name === "success") this.#onChange();
    };
    return { dispose, [Symbol.dispose]: dispose };
  }

  emit<E extends FailfastEventName>(event: FailfastEvents[E] & { type: E }): void {
    const listeners = this.#listeners.get(event.type);
    if (listeners !== undefined) {
      const circuit = "circuit" in event ? event.circuit : undefined;
      const own = circuit === undefined ? undefined : listeners.byCircuit.get(circuit);
      for (const listener of [...listeners.all, ...(own ?? [])]) tell(listener, event as never);
    }
    const channel = channels[event.type];
    if (channel.hasSubscribers) tell((message: unknown) => channel.publish(message), event as never);
  }
}

let warned = false;

/** A listener that throws, or whose promise rejects, harms nobody: it is said once. */
function tell(listener: Listener, event: never): void {
  try {
    const answer: unknown = listener(event);
    if (answer instanceof Promise) answer.catch(complain);
  } catch (error) {
    complain(error);
  }
}

function complain(error: unknown): void {
  if (warned) return;
  warned = true;
  warn("FAILFAST_LISTENER", `a listener of failfast's events failed: ${String(error)}`);
}
