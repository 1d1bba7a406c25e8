import type { Clock, Store, StoreEntry, StoreWatcher, SwapResult } from "../../src/index.js";

type Verb = "get" | "set" | "delete" | "swap" | "list" | "watch";

/** One write that a process sent and the store carried out. */
export interface Written {
  readonly key: string;
  readonly value: string;
  readonly ttlMs: number;
  readonly by: Link;
}

/** One process's connection to the store, with faults of its own: a partition cuts off one process. */
export interface Link extends Store {
  /** `read-only`: writes are refused, reads answered. `hanging`: no answer, ever. */
  mode: "up" | "down" | "hanging" | "read-only";
  /** How long each answer takes, in ms. */
  delay: number;
  /** `held`: kept back until `release`. */
  pushes: "delivered" | "lost" | "repeated" | "held";
  /** Answers that replace the true ones. */
  lie: ((verb: Verb, truth: unknown) => unknown) | undefined;
  readonly counts: Record<Verb, number>;
  /** The number of operations of all kinds. */
  readonly operations: number;
  /** Delivers the held pushes in the given order. */
  release(order?: "in order" | "reversed"): void;
  /** Pushes a value that nobody wrote. */
  push(entry: unknown): void;
  gap(): void;
}

export interface FaultyStore {
  connect(options?: { without?: readonly Verb[]; delay?: number }): Link;
  readonly links: Link[];
  /** Successful writes, oldest first. */
  readonly written: Written[];
  raw(key: string): string | undefined;
  /** The decoded record. */
  record(name: string): Record<string, unknown> | undefined;
  put(key: string, value: string): void;
  flush(): void;
  snapshot(): ReadonlyMap<string, string>;
  rollBack(to: ReadonlyMap<string, string>): void;
  readonly operations: number;
}

/** A store that answers later, on a manual clock, and fails in the ways in which stores fail. */
export function faultyStore(clock: Clock, options: { tells?: boolean; skew?: number } = {}): FaultyStore {
  const entries = new Map<string, string>();
  const links: Link[] = [];
  const written: Written[] = [];
  const watchers: { readonly link: Link; tell(entry: StoreEntry): void }[] = [];
  const stamp = (): { now?: number } =>
    options.tells === false ? {} : { now: clock.wall() + (options.skew ?? 0) };

  function write(key: string, value: string, ttlMs: number, by: Link): void {
    entries.set(key, value);
    written.push({ key, value, ttlMs, by });
    for (const { tell } of [...watchers]) tell({ key, value, ...stamp() });
  }

  function connect({ without = [], delay = 1 }: { without?: readonly Verb[]; delay?: number } = {}): Link {
    const counts = { get: 0, set: 0, delete: 0, swap: 0, list: 0, watch: 0 };
    const held: StoreEntry[] = [];
    let watcher: StoreWatcher | undefined;

    function answer<T>(verb: Verb, work: () => T): Promise<T> {
      counts[verb]++;
      return new Promise((resolve, reject) => {
        if (link.mode === "hanging") return;
        clock.after(link.delay, () => {
          const writes = verb === "set" || verb === "swap" || verb === "delete";
          if (link.mode === "down" || (link.mode === "read-only" && writes)) {
            reject(new Error(`the store is ${link.mode}`));
            return;
          }
          if (link.mode === "hanging") return;
          const truth = work();
          try {
            resolve(link.lie === undefined ? truth : (link.lie(verb, truth) as T));
          } catch (error) {
            reject(error);
          }
        });
      });
    }

    function tell(entry: StoreEntry): void {
      if (link.mode === "down" || link.mode === "hanging" || link.pushes === "lost") return;
      if (link.pushes === "held") {
        held.push(entry);
        return;
      }
      clock.after(link.delay, () => {
        for (let n = link.pushes === "repeated" ? 3 : 1; n > 0; n--) watcher?.change(entry);
      });
    }

    const verbs: Store = {
      get: (key) => answer("get", () => entries.get(key) ?? null),
      set: (key, value, ttlMs) => answer("set", () => write(key, value, ttlMs, link)),
      delete: (key) => answer("delete", () => entries.delete(key)),
      swap: (key, expect, value, ttlMs) =>
        answer("swap", (): SwapResult => {
          const stored = entries.get(key) ?? null;
          if (stored !== expect) return { ok: false, value: stored, ...stamp() };
          write(key, value, ttlMs, link);
          return { ok: true, value, ...stamp() };
        }),
      list: (prefix) =>
        answer("list", () =>
          [...entries]
            .filter(([key]) => key.startsWith(prefix))
            .map(([key, value]) => ({ key, value, ...stamp() })),
        ),
      watch: (_, on) =>
        answer("watch", () => {
          watcher = on;
          const own = { link, tell };
          watchers.push(own);
          return {
            async [Symbol.asyncDispose]() {
              watchers.splice(watchers.indexOf(own), 1);
            },
          };
        }),
    };
    const faults = {
      mode: "up",
      delay,
      pushes: "delivered",
      lie: undefined,
      counts,
      get operations() {
        return Object.values(counts).reduce((sum, count) => sum + count, 0);
      },
      release(order: "in order" | "reversed" = "in order") {
        const due = held.splice(0);
        for (const entry of order === "reversed" ? due.reverse() : due) watcher?.change(entry);
      },
      push: (entry: unknown) => watcher?.change(entry as StoreEntry),
      gap: () => watcher?.gap(),
    };
    const link = Object.defineProperties(verbs, Object.getOwnPropertyDescriptors(faults)) as Link;
    for (const verb of without) delete (link as Partial<Link>)[verb];
    links.push(link);
    return link;
  }

  return {
    connect,
    links,
    written,
    raw: (key) => entries.get(key),
    record(name) {
      const raw = entries.get(`circuit:${name}`);
      return raw === undefined ? undefined : (JSON.parse(raw) as Record<string, unknown>);
    },
    put: (key, value) => void entries.set(key, value),
    flush: () => entries.clear(),
    snapshot: () => new Map(entries),
    rollBack(to) {
      entries.clear();
      for (const [key, value] of to) entries.set(key, value);
    },
    get operations() {
      return links.reduce((sum, link) => sum + link.operations, 0);
    },
  };
}
