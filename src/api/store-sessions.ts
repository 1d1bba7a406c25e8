import { Breaker } from "../breaker/breaker.js";
import { StoreSession } from "../breaker/store-session.js";
import type { Events } from "../events/events.js";
import { enabledByEnvironment } from "../options/enabled.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import type { Store } from "../options/store.js";
import type { Reporter } from "../report/reporter.js";
import { environment, warn } from "../runtime/platform.js";
import { tickingClock } from "../runtime/ticker.js";
import { VERSION } from "../runtime/version.js";
import { memoryStore } from "../stores/memory.js";
import type { StoreHealth } from "../sync/health.js";
import { Replica } from "../sync/replica.js";
import { hostNameOf, identityOf, watchForOtherServices } from "./identity.js";

/** One session for each store that circuits of one `failfast` use, made with the first of those circuits. */
export class StoreSessions {
  readonly #sessions = new Map<Store, StoreSession>();
  readonly #events: Events;
  readonly #defaults: () => FailfastDefaults;
  readonly #reporters = new Map<StoreSession, Reporter>();
  /** Sessions that were given up for others: they are being closed. */
  readonly #ending: Promise<void>[] = [];
  #memory: Store | undefined;
  #closed = false;

  constructor(events: Events, defaults: () => FailfastDefaults) {
    this.#events = events;
    this.#defaults = defaults;
  }

  /** The existing session. Without a store: the session of this process's memory. */
  find(given: Store | undefined): StoreSession | undefined {
    const store = given ?? this.#memory;
    return store && this.#sessions.get(store);
  }

  /** Without a store: this process's memory. */
  of(given: Store | undefined): StoreSession {
    const { clock = tickingClock, host } = this.#defaults();
    this.#memory ??= given === undefined ? memoryStore({ clock }) : undefined;
    const store = given ?? (this.#memory as Store);
    let session = this.#sessions.get(store);
    if (session === undefined) {
      const name = hostNameOf(host);
      const identity = identityOf(name, store, clock);
      const events = this.#events.in(store);
      const replica = new Replica(store, clock, identity, health(events));
      const openedBy = watchForOtherServices(identity);
      const began = (): void => this.#reportSoon(made);
      const made = new StoreSession(replica, clock, events, name, openedBy, began, given !== undefined);
      session = made;
      this.#sessions.set(store, session);
      // Nobody would close it any more.
      if (this.#closed) void replica.synchroniser.close();
    }
    return session;
  }

  /**
   * Reads the store of a circuit, and stays in step with it. In memory there is only what this process uses, and a
   * circuit that is switched off asks no store. Once closed, a look opens no store, since nobody would close it.
   */
  follow(given: FailfastOptions): void {
    const defaults = this.#defaults();
    const { store = defaults.store } = given;
    if (store === undefined || this.#closed || this.find(store)?.replica.synchroniser.started) return;
    const { enabled = defaults.enabled ?? enabledByEnvironment() } = given;
    if (enabled !== false) this.of(store).replica.synchroniser.start();
  }

  /** The defaults changed, and nobody has called a circuit yet: the next use of a store begins a new session. */
  renew(): void {
    for (const { replica } of this.#sessions.values()) this.#ending.push(replica.close());
    this.#sessions.clear();
    this.#memory = undefined;
  }

  [Symbol.iterator](): IterableIterator<StoreSession> {
    return this.#sessions.values();
  }

  *breakers(of: Iterable<StoreSession> = this.#sessions.values()): Generator<Breaker> {
    for (const { replica } of of) {
      for (const breaker of replica.subscribers.values()) if (breaker instanceof Breaker) yield breaker;
    }
  }

  /** The part that reports the circuits of a session, if there is one. */
  reporter(session: StoreSession): Reporter | undefined {
    return this.#reporters.get(session);
  }

  /**
   * A process begins to report some seconds after its first call, if the store has a place for reports and can list.
   */
  #reportSoon(session: StoreSession): void {
    const { replica, clock } = session;
    const { store } = replica;
    if (store.sibling === undefined || store.list === undefined || !reports(this.#defaults())) return;
    clock.after(FIRST_REPORT_MS * (0.8 + 0.4 * clock.random()), () => {
      if (replica.synchroniser.closed) return;
      const begin = async (): Promise<void> => {
        const { beginReports } = await import("../report/on-demand.js");
        const reporter = beginReports({
          session,
          version: VERSION,
          breakers: () => this.breakers([session]),
        });
        if (reporter !== undefined) this.#reporters.set(session, reporter);
      };
      begin().catch(() => undefined);
    });
  }

  async ready(): Promise<void> {
    const synchronisers = [...this.#sessions.values()].map(({ replica }) => replica.synchroniser);
    for (const synchroniser of synchronisers) synchroniser.start();
    await Promise.all(synchronisers.map((each) => each.ready()));
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ replica }) => replica.settled()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.breakers()].map(({ check }) => check?.stop()));
    const reporters = [...this.#reporters.values()].map((reporter) => reporter.close());
    const replicas = [...this.#sessions.values()].map(({ replica }) => replica.close());
    await Promise.all([...replicas, ...reporters, ...this.#ending]);
  }
}

/** The first report comes this long after the first look at the traffic, in ms. A script has ended by then. */
const FIRST_REPORT_MS = 3_000;

function reports({ report }: FailfastDefaults): boolean {
  return report ?? !/^\s*(0|false|off|no)\s*$/i.test(environment("FAILFAST_REPORT") ?? "");
}

/** How the replica reports the store's health. */
function health(events: Events): StoreHealth {
  let warned = false;
  return {
    down: (error) => {
      if (!warned)
        warn("FAILFAST_STORE", `a store of failfast is in trouble, calls go on without it: ${String(error)}`);
      warned = true;
      events.emit({ type: "store-down", error });
    },
    up: () => events.emit({ type: "store-up" }),
    limited: (error) =>
      warn(
        "FAILFAST_STORE_PUSH",
        `a store of failfast can't push changes, they are found by polling instead: ${String(error)}`,
      ),
  };
}
