import { createFailfast, type Failfast, REGISTRY } from "../api/failfast.js";
import type { Asked } from "../api/operator-verbs.js";
import type { Registry } from "../api/registry.js";
import type { OperatorResult } from "../breaker/operator.js";
import type { Store } from "../options/store.js";
import { encodeName } from "../protocol/key.js";
import type { AuditEntry } from "../report/audit.js";
import { systemClock } from "../runtime/system-clock.js";
import { FleetListeners } from "./listeners.js";
import { describeProcess } from "./merge.js";
import { ObservedStore } from "./observed-store.js";
import { readTrail } from "./trail.js";
import { type FleetVerbs, verbsOf } from "./verbs.js";
import type { FleetView } from "./view.js";

/** If nobody listens or looks for this long, the stores are no longer asked. */
const LOOKS_FOR_MS = 30_000;
const EVENTS = 200;
/** How long the end waits for running work and its trail, in ms. */
const END_MS = 1_000;
/** Work runs for at most this many circuits at once. */
const AT_ONCE = 8;

/** A whole fleet, as an operator sees it, and an operator's verbs for it. */
export interface Fleet extends FleetVerbs, AsyncDisposable {
  /** What is known now. It never throws; its `store` says how old the answer may be. */
  view(): FleetView;
  /** Resolves when the stores were read, or that was given up. `names`: what to read from a store that can't list. */
  ready(names?: readonly string[]): Promise<void>;
  /**
   * Calls the listener when the view may have changed, at most four times a second. Returns a function that ends it.
   */
  subscribe(listener: () => void): () => void;
  /** What operators did, newest first. Rejects with the store's error, or after 5 s without an answer. */
  events(limit?: number): Promise<readonly AuditEntry[]>;
  /**
   * Does one thing to all of them, a few at a time, and writes one entry to the trail. The answers are in the order of
   * the names, and only for those reached before the signal aborted.
   */
  forAll(
    names: readonly string[],
    act: (verbs: FleetVerbs, name: string) => Promise<OperatorResult>,
    signal?: { readonly aborted: boolean },
  ): Promise<readonly OperatorResult[]>;
}

export interface FleetOptions {
  /** Who asks for the changes that its verbs make, if they don't say it. Default: this process. */
  readonly by?: string | undefined;
}

/**
 * Observes the fleet that shares a store, or the stores of a `failfast`. It reads them while somebody listens, or has
 * called `view` or `ready` within the last half minute. For a `failfast` it also sees this process's own circuits
 * without reports.
 */
export function observeFleet(of: Failfast | Store, options: FleetOptions = {}): Fleet {
  return typeof of === "function"
    ? new ObservedFleet(of, undefined, options.by)
    : new ObservedFleet(createFailfast({ store: of, report: false }), of, options.by);
}

class ObservedFleet implements Fleet {
  readonly #failfast: Failfast;
  /** Set if the `failfast` belongs to the observer alone. */
  readonly #only: Store | undefined;
  readonly #by: string | undefined;
  readonly #stores = new Map<Store, ObservedStore>();
  readonly #listeners = new FleetListeners();
  readonly #underWay = new Set<Promise<void>>();
  #lookedAt = -Infinity;
  #closed = false;

  constructor(failfast: Failfast, only: Store | undefined, by: string | undefined) {
    this.#failfast = failfast;
    this.#only = only;
    this.#by = by;
  }

  view(): FleetView {
    void this.#look();
    const sessions = [...this.#sessions()];
    const stores = [...this.#stores.values()];
    const seen = stores.map((store) => {
      const processes = store.processes(
        sessions.find(({ session }) => session.replica.store === store.store),
      );
      return { processes, circuits: store.circuits(processes) };
    });
    const [first] = stores;
    const worst = stores.find(({ health }) => !health.up) ?? first;
    return {
      at: first?.now() ?? systemClock.wall(),
      reports: stores.some(({ keepsReports }) => keepsReports),
      store: worst?.health ?? { up: true, since: systemClock.wall(), latencyMs: undefined },
      circuits: seen.flatMap(({ circuits }) => circuits),
      processes: seen.flatMap(({ processes }) => processes.map(describeProcess)),
    };
  }

  async ready(names: readonly string[] = []): Promise<void> {
    await this.#look();
    const keys = names.map(encodeName);
    await Promise.all([...this.#stores.values()].map((store) => store.read(keys)));
  }

  subscribe(listener: () => void): () => void {
    const end = this.#listeners.add(listener);
    void this.#look();
    for (const store of this.#stores.values()) store.watch();
    return end;
  }

  async events(limit: number = EVENTS): Promise<readonly AuditEntry[]> {
    this.#observe();
    const trails = await Promise.all([...this.#stores.values()].map((store) => readTrail(store, limit)));
    return trails
      .flat()
      .sort((a, b) => b.at - a.at)
      .slice(0, limit);
  }

  async forAll(
    names: readonly string[],
    act: (verbs: FleetVerbs, name: string) => Promise<OperatorResult>,
    signal?: { readonly aborted: boolean },
  ): Promise<readonly OperatorResult[]> {
    const done = new Map<Store, AuditEntry[]>();
    const verbs = verbsOf(this.#failfast, this.#by, (entry, store) => {
      done.set(store, [...(done.get(store) ?? []), entry]);
    });
    let ended: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => {
      ended = resolve;
    });
    this.#underWay.add(underWay);
    const results: OperatorResult[] = [];
    try {
      for (let from = 0; from < names.length && !signal?.aborted; from += AT_ONCE)
        results.push(
          ...(await Promise.all(names.slice(from, from + AT_ONCE).map((name) => act(verbs, name)))),
        );
    } finally {
      await this.#leaveTrail(done);
      this.#underWay.delete(underWay);
      ended();
    }
    // If a process reports it, it exists, even if the store has no record of it.
    const reported = new Set(this.view().circuits.map(({ name }) => name));
    return results.map((result, at) =>
      result.known === false && reported.has(names[at] ?? "") ? { stored: result.stored } : result,
    );
  }

  async trip(name: string, options?: Parameters<Fleet["trip"]>[1]): Promise<OperatorResult> {
    return this.#one(name, (verbs) => verbs.trip(name, options));
  }

  async reset(name: string, options?: Asked): Promise<OperatorResult> {
    return this.#one(name, (verbs) => verbs.reset(name, options));
  }

  async hold(
    name: string,
    state: "open" | "closed",
    options?: Parameters<Fleet["hold"]>[2],
  ): Promise<OperatorResult> {
    return this.#one(name, (verbs) => verbs.hold(name, state, options));
  }

  async release(name: string, options?: Asked): Promise<OperatorResult> {
    return this.#one(name, (verbs) => verbs.release(name, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#underWay.size > 0)
      await Promise.race([
        Promise.all(this.#underWay),
        new Promise<void>((over) => systemClock.after(END_MS, over)),
      ]);
    this.#closed = true;
    this.#listeners.clear();
    const closing = [...this.#stores.values()].map((store) => store.close());
    await Promise.all(this.#only === undefined ? closing : [...closing, this.#failfast.close()]);
  }

  async #one(name: string, act: (verbs: FleetVerbs) => Promise<OperatorResult>): Promise<OperatorResult> {
    const [result = { stored: false }] = await this.forAll([name], act);
    return result;
  }

  /** Written whether it succeeds or not: the trail says what was asked for. */
  async #leaveTrail(done: ReadonlyMap<Store, readonly AuditEntry[]>): Promise<void> {
    this.#observe();
    await Promise.all(
      [...done].map(async ([store, [first, ...rest]]) => {
        const others = rest.map(({ circuit }) => circuit);
        const observed = this.#stores.get(store);
        if (first === undefined || observed === undefined) return;
        const entry = others.length === 0 ? first : { ...first, others };
        // A process warning said so.
        await observed.leaveTrail(entry).catch(() => undefined);
      }),
    );
  }

  #sessions(): ReturnType<Registry["sessions"]> | [] {
    if (this.#only !== undefined) return [];
    return (this.#failfast as unknown as { readonly [REGISTRY]: Registry })[REGISTRY].sessions();
  }

  /** The stores known by now: circuits may have stores of their own. */
  #observe(): void {
    if (this.#closed) return;
    const stores =
      this.#only === undefined
        ? [...this.#sessions()].map(({ session }) => session.replica.store)
        : [this.#only];
    for (const store of stores) {
      if (this.#stores.has(store)) continue;
      const observed = new ObservedStore(
        store,
        () => this.#listeners.tell(),
        () => this.#wanted(),
      );
      this.#stores.set(store, observed);
      if (this.#listeners.any) observed.watch();
    }
  }

  async #look(): Promise<void> {
    this.#lookedAt = systemClock.now();
    this.#observe();
    await Promise.all([...this.#stores.values()].map((store) => store.start()));
  }

  #wanted(): boolean {
    return this.#listeners.any || systemClock.now() - this.#lookedAt < LOOKS_FOR_MS;
  }
}
