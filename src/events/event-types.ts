/// <reference lib="esnext.disposable" preserve="true" />
interface InStore {
  /**
   * The store of the event, so that two circuits with one name can be told apart. Not enumerable, so that loggers don't
   * print a client and its password.
   */
  readonly store: object;
}

interface OfCircuit extends InStore {
  /** The circuit's name. */
  readonly circuit: string;
  /** Set for a circuit in `mode: "shadow"`, which rejects no call. */
  readonly shadow?: true;
}

interface Transition extends OfCircuit {
  /** Who: host, process id, a mark that no other process has, and the service, as in `web-1/4711/k3f9x0@billing`. */
  readonly by: string;
  /** Why, as far as it is known here. */
  readonly reason: string;
  /** When, on the clock of the store (or of this process), in ms since the epoch. */
  readonly at: number;
  /** True if this process did it or noticed it itself; false if it learned it from the fleet. */
  readonly local: boolean;
}

interface Measured extends OfCircuit {
  /**
   * How long the call took, in ms, if that is known: somebody listened to `success` when it began, and it is not a
   * stream.
   */
  readonly durationMs?: number;
}

/** All events, by name. */
export interface FailfastEvents {
  /** It tripped, or it opened again after a failed probe. `error`: the failure, if this process saw it. */
  open: Transition & { readonly type: "open"; readonly retryAfterMs: number; readonly error?: unknown };
  /** A probe runs somewhere in the fleet. */
  "half-open": Transition & { readonly type: "half-open" };
  /** A probe succeeded, an operator reset it, or its time was over with `recovery: "all"`. */
  close: Transition & { readonly type: "close" };
  /** An operator holds it. `until`: ms since the epoch; 0 if the hold has no end. */
  hold: Transition & { readonly type: "hold"; readonly held: "open" | "closed"; readonly until: number };
  /** An operator's hold was released, or ended. */
  release: Transition & { readonly type: "release" };
  /** A call was rejected. */
  reject: OfCircuit & { readonly type: "reject"; readonly error: Error };
  /** A call counted as a failure. `result` is set if a returned value counted. */
  failure: Measured & { readonly type: "failure"; readonly error?: unknown; readonly result?: unknown };
  /** A call counted as a success. */
  success: Measured & { readonly type: "success" };
  /** The store doesn't answer, or it breaks the protocol. Calls go on with what this process knows. */
  "store-down": InStore & { readonly type: "store-down"; readonly error: unknown };
  /** The store answers again. */
  "store-up": InStore & { readonly type: "store-up" };
}

/** The names of the events. */
export type FailfastEventName = keyof FailfastEvents;
/** Called with each event. If it throws, or its promise rejects, nothing breaks: one warning reports it. */
export type FailfastListener<E extends FailfastEventName> = (event: FailfastEvents[E]) => void;

/** Ends the subscription. Both names do the same. */
export interface Subscription extends Disposable {
  /** The listener is not called any more. */
  dispose(): void;
}
