/** Something that aborts a signal, if the platform's types are not known. */
export interface Controller {
  readonly signal: object;
  abort(reason: unknown): void;
}

/** A caller's signal, or one that replaces it for a single call. */
export interface ListeningSignal {
  readonly reason?: unknown;
  /** The signal that it replaces. */
  readonly origin?: ListeningSignal | undefined;
  addEventListener?(type: "abort", listener: () => void): void;
}

interface Followers {
  readonly running: Set<() => void>;
  /** Signals given out by calls that have ended. What the call returned, such as a body, may still use them. */
  readonly ended: Set<WeakRef<object>>;
  sweptFrom: number;
}

/** Collected signals are removed when there are this many entries, and again at twice what is left. */
const SWEPT_FROM = 100;

/** Some runtimes don't have it. There, a signal given out by a call learns nothing more once the call has ended. */
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
 * Calls `told` when a caller's signal aborts. One signal gets one listener, however many calls use it, because runtimes
 * warn about many listeners. However long the signal lives, it keeps nothing of a call that has ended.
 *
 * @returns a function to call when the call has ended. The call's own controller, if it had one, still follows the
 * caller's signal for as long as somebody uses the signal that was given out.
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
