/** What aborts a signal, where no platform's types are known. */
export interface Controller {
  readonly signal: object;
  abort(reason: unknown): void;
}

/** A caller's signal, or what stands in its place for one call. */
export interface ListeningSignal {
  readonly reason?: unknown;
  /** The signal in whose place it stands. */
  readonly origin?: ListeningSignal | undefined;
  addEventListener?(type: "abort", listener: () => void): void;
}

interface Followers {
  readonly running: Set<() => void>;
  /** The signals that calls which have ended gave out: what they gave may still be read by them, a body say. */
  readonly ended: Set<WeakRef<object>>;
  sweptFrom: number;
}

/** Collected signals are removed when there are this many entries, and again at twice what is left. */
const SWEPT_FROM = 100;

/** Missing on some runtimes: there the signal that a call gave out is told nothing once the call has ended. */
const Weak = (globalThis as { WeakRef?: WeakRefConstructor }).WeakRef;

const followers = new WeakMap<ListeningSignal, Followers>();
/** A controller is kept only as long as its signal is in use. */
const controllers = new WeakMap<object, Controller>();

export function makeController(): Controller {
  const { AbortController } = globalThis as unknown as { AbortController: new () => Controller };
  const controller = new AbortController();
  controllers.set(controller.signal, controller);
  return controller;
}

/**
 * Calls `told` when a caller's signal aborts. However many calls one signal has, it gets one listener, since runtimes
 * warn of many; and however long it lives, it holds nothing of a call that has ended.
 *
 * @returns what says that the call has ended. Its own controller, if it had one, still follows the caller's signal for
 * as long as somebody uses the one that it gave out.
 */
export function follow(given: ListeningSignal, told: () => void): (own: Controller | undefined) => void {
  const signal = given.origin ?? given;
  const its = followersOf(signal);
  const { running, ended } = its;
  running.add(told);
  return (own) => {
    if (!running.delete(told) || own === undefined || Weak === undefined) return;
    ended.add(new Weak(own.signal));
    if (ended.size <= its.sweptFrom) return;
    for (const each of ended) if (each.deref() === undefined) ended.delete(each);
    its.sweptFrom = Math.max(SWEPT_FROM, 2 * ended.size);
  };
}

function followersOf(signal: ListeningSignal): Followers {
  let its = followers.get(signal);
  if (its === undefined) {
    const made: Followers = { running: new Set(), ended: new Set(), sweptFrom: SWEPT_FROM };
    const { running, ended } = made;
    its = made;
    followers.set(signal, its);
    signal.addEventListener?.("abort", () => {
      const each = [...running];
      const left = [...ended];
      running.clear();
      ended.clear();
      for (const told of each) told();
      for (const reference of left) {
        const own = reference.deref();
        if (own !== undefined) controllers.get(own)?.abort(signal.reason);
      }
    });
  }
  return its;
}
