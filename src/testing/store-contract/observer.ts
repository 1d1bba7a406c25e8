import { same } from "./error.js";
import { checkedEntry, type Subject } from "./subject.js";
import { eventually } from "./wait.js";

/** A watcher that remembers what it received. */
export interface Observer {
  /** The keys whose changes arrived, oldest first. */
  keys(): string[];
  /** The values that arrived for one key, oldest first. */
  values(key: string): string[];
  /** How often it was told that a change may have been missed. */
  gaps(): number;
  /** Waits until the newest value of the key is this one; throws if it doesn't come in time. */
  arrives(key: string, value: string): Promise<void>;
  /** Ends the watch. Each call does it again. */
  dispose(): Promise<void>;
}

/** Watches a store under test. Changes have `withinMs` to arrive. */
export async function observe(through: Subject, prefix: string, withinMs: number): Promise<Observer> {
  const changes: unknown[] = [];
  let gaps = 0;
  const handle = await through.watch(prefix, {
    change: (entry) => void changes.push(entry),
    gap() {
      gaps += 1;
    },
  });

  const entries = () => changes.map((change) => checkedEntry("watch", change));
  const values = (key: string) =>
    entries()
      .filter((entry) => entry.key === key)
      .map((entry) => entry.value);

  return {
    keys: () => entries().map((entry) => entry.key),
    values,
    gaps: () => gaps,
    async arrives(key, value) {
      const newest = await eventually(
        () => values(key).at(-1),
        (seen) => seen === value,
        withinMs,
      );
      same("watch", newest, value, `as the newest change of ${key} within ${withinMs} ms`);
    },
    async dispose() {
      await handle[Symbol.asyncDispose]();
    },
  };
}
