/// <reference lib="esnext.disposable" preserve="true" />
interface InStore {
  /**
   * The store it happened in, so that two circuits of one name can be told apart. Not enumerable, so that loggers
   * don't print a client and its password.
   */
  readonly store: object;
}

interface OfCircuit extends InStore {
  /** The circuit's name. */
  readonly circuit: string;
  /** Set for a circuit in `mode: "shadow"`, which stops no call. */
  readonly shadow?: true;
}

interface Transition extends OfCircuit {
  /** Who: host, process id, a mark that no other process has, and the service, as in `web-1/4711/k3f9x0@billing`. */
  readonly by: string;
  /** Why, as far as it is known here. */
  readonly reason: string;
  /** When, on the clock of the store (or of this process), in ms since the epoch. */
  readonly at: number;
  /** This process did it or noticed it itself; false where it was learned from the fleet. */
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
  /** The store doesn't answer, or breaks the protocol; calls go on with what this process knows. */
  "store-down": InStore & { readonly type: "store-down"; readonly error: unknown };
  "store-up": InStore & { readonly type: "store-up" };
}

export type FailfastEventName = keyof FailfastEvents;
/**
 * What is called with each event. What it throws, or rejects with where it is async, breaks nothing: one warning
 * reports it.
 */
export type FailfastListener<E extends FailfastEventName> = (event: FailfastEvents[E]) => void;

/** Ends the subscription, by either name. */
export interface Subscription extends Disposable {
  dispose(): void;
}
