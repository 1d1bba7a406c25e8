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
  /** Called when the signal aborts, one for each call that runs. */
  readonly running: Set<() => void>;
  /** Signals given out by calls that have ended. What the call returned, such as a body, may still use them. */
  readonly ended: Set<WeakRef<object>>;
  sweptFrom: number;
}

/** Collected signals are removed when there are this many entries, and again at twice what is left. */
const SWEPT_FROM = 100;

/** Some runtimes don't have it. There, a signal given out by a call learns nothing more once the call has ended. */
const Weak = (globalThis as { WeakRef?: WeakRefConstructor }).WeakRef;

const followersBySignal = new WeakMap<ListeningSignal, Followers>();
/** A controller is kept only as long as its signal is in use. */
const controllerBySignal = new WeakMap<object, Controller>();

export function makeController(): Controller {
  const { AbortController } = globalThis as unknown as { AbortController: new () => Controller };
  const controller = new AbortController();
  controllerBySignal.set(controller.signal, controller);
  return controller;
}

/**
 * Calls `onAbort` when a caller's signal aborts. One signal gets one listener, however many calls use it, because runtimes
 * warn about many listeners. However long the signal lives, it keeps nothing of a call that has ended.
 *
 * @returns a function to call when the call has ended. The call's own controller, if it had one, still follows the
 * caller's signal for as long as somebody uses the signal that was given out.
 */
export function follow(given: ListeningSignal, onAbort: () => void): (own: Controller | undefined) => void {
  const signal = given.origin ?? given;
  const followers = followersOf(signal);
  const { running, ended } = followers;
  running.add(onAbort);
  return (own) => {
    if (!running.delete(onAbort) || own === undefined || Weak === undefined) return;
    ended.add(new Weak(own.signal));
    if (ended.size <= followers.sweptFrom) return;
    for (const each of ended) if (each.deref() === undefined) ended.delete(each);
    followers.sweptFrom = Math.max(SWEPT_FROM, 2 * ended.size);
  };
}

function followersOf(signal: ListeningSignal): Followers {
  const known = followersBySignal.get(signal);
  if (known !== undefined) return known;
  const running = new Set<() => void>();
  const ended = new Set<WeakRef<object>>();
  const followers: Followers = { running, ended, sweptFrom: SWEPT_FROM };
  followersBySignal.set(signal, followers);
  signal.addEventListener?.("abort", () => {
    const listeners = [...running];
    const signals = [...ended];
    running.clear();
    ended.clear();
    for (const onAbort of listeners) onAbort();
    for (const reference of signals) {
      const own = reference.deref();
      if (own !== undefined) controllerBySignal.get(own)?.abort(signal.reason);
    }
  });
  return followers;
}
