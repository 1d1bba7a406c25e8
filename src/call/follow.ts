/** Of the calls that have ended, the newest so many are told as well: what they gave may still be read, a body say. */
const KEPT = 100;

export interface ListeningSignal {
  addEventListener?(type: "abort", listener: () => void): void;
}

interface Followers {
  readonly running: Set<() => void>;
  readonly ended: Set<() => void>;
}

const followers = new WeakMap<ListeningSignal, Followers>();

/**
 * Calls `told` when a caller's signal aborts. However many calls one signal has, it gets one listener, since runtimes
 * warn of many; and a signal as old as the process holds on to no more than the newest of them. Returns what says
 * that the call has ended.
 */
export function follow(signal: ListeningSignal, told: () => void): () => void {
  let its = followers.get(signal);
  if (its === undefined) {
    const { running, ended } = { running: new Set<() => void>(), ended: new Set<() => void>() };
    its = { running, ended };
    followers.set(signal, its);
    signal.addEventListener?.("abort", () => {
      for (const each of [...running, ...ended]) each();
      running.clear();
      ended.clear();
    });
  }
  const { running, ended } = its;
  running.add(told);
  return () => {
    if (!running.delete(told)) return;
    ended.add(told);
    for (const oldest of ended) {
      if (ended.size <= KEPT) break;
      ended.delete(oldest);
    }
  };
}
