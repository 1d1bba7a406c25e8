import { Breaker } from "../breaker/breaker.js";
import { Fleet } from "../breaker/fleet.js";
import type { Events } from "../events/events.js";
import type { FailfastDefaults } from "../options/options.js";
import { shortenHost } from "../protocol/codec.js";
import { builtin, environment, platform, warn } from "../runtime/platform.js";
import { tickingClock } from "../runtime/ticker.js";
import { memoryStore } from "../stores/memory.js";
import type { Store } from "../stores/store.js";
import { Replica } from "../sync/replica.js";

/** A fleet for each store that circuits of one `failfast` are kept in, made with the first of them. */
export class StoreSessions {
  readonly #sessions = new Map<Store, Fleet>();
  readonly #events: Events;
  readonly #defaults: () => FailfastDefaults;
  #memory: Store | undefined;

  constructor(events: Events, defaults: () => FailfastDefaults) {
    this.#events = events;
    this.#defaults = defaults;
  }

  has(store: Store): boolean {
    return this.#sessions.has(store);
  }

  /** Without a store: this process's memory. */
  of(given: Store | undefined): Fleet {
    const { clock = tickingClock, host } = this.#defaults();
    this.#memory ??= given === undefined ? memoryStore({ clock }) : undefined;
    const store = given ?? (this.#memory as Store);
    let fleet = this.#sessions.get(store);
    if (fleet === undefined) {
      const name = shortenHost(host ?? hostName());
      const replica = new Replica(store, clock, `${name}/${platform.process?.pid ?? 0}`, this.#health());
      fleet = new Fleet(replica, clock, this.#events, name);
      this.#sessions.set(store, fleet);
    }
    return fleet;
  }

  *breakers(): Generator<Breaker> {
    for (const { replica } of this.#sessions.values()) {
      for (const breaker of replica.subscribers.values()) if (breaker instanceof Breaker) yield breaker;
    }
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
    await Promise.all([...this.#sessions.values()].map(({ replica }) => replica.close()));
  }

  #health(): { down(error: unknown): void; up(): void } {
    let warned = false;
    return {
      down: (error) => {
        if (!warned)
          warn(
            "FAILFAST_STORE",
            `a store of failfast is in trouble, calls go on without it: ${String(error)}`,
          );
        warned = true;
        this.#events.emit({ type: "store-down", error });
      },
      up: () => this.#events.emit({ type: "store-up" }),
    };
  }
}

function hostName(): string {
  return environment("FAILFAST_HOST") ?? builtin<{ hostname(): string }>("node:os")?.hostname() ?? "unknown";
}
