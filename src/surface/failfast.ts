/// <reference lib="esnext.disposable" preserve="true" />
import { Breaker } from "../breaker/breaker.js";
import { Fleet } from "../breaker/fleet.js";
import type { Guard } from "../call/guard.js";
import { makePolicy, type Policy } from "../call/policy.js";
import { makeGuard } from "../call/timed-guard.js";
import { shortenHost } from "../machine/codec.js";
import { encodeName } from "../machine/key.js";
import { builtin, environment, platform, warn } from "../platform.js";
import { Replica } from "../replica/replica.js";
import { memoryStore } from "../stores/memory.js";
import type { Store } from "../stores/store.js";
import { tickingClock } from "../ticker.js";
import type { CircuitSettings } from "../trip/settings.js";
import { type Circuit, type GuardSource, makeCircuit } from "./circuit.js";
import { type Circuits, GuardsByName, makeCircuits } from "./circuits.js";
import { type Duration, milliseconds } from "./duration.js";
import { Events, type FailfastEventName, type FailfastListener, type Subscription } from "./events.js";
import { type Finding, lintBreaker } from "./lint.js";
import {
  checkOptions,
  enabledByEnvironment,
  type FailfastDefaults,
  type FailfastOptions,
  NO_OPTIONS,
  SHARED,
  show,
} from "./options.js";
import { checkTogether, over, settingsOf } from "./settings.js";

/** Makes circuits, and is what they have in common. */
export interface Failfast extends AsyncDisposable {
  /** Looks up a circuit made before, or, where `configure` gave a time, makes one. */
  (name: string): Circuit;
  /**
   * The circuit of that name: a decorator, a wrapper, a runner of blocks, a handle.
   *
   * @param timeout how long it stays open once a call has failed.
   * @throws {TypeError} a wrong name or option, or one that differs from what the circuit was made with.
   * @throws {RangeError} a time or number out of range.
   */
  (name: string, timeout: Duration, options?: FailfastOptions): Circuit;
  /** Circuits named by a function of each call's arguments, at most `maxCircuits` at a time. */
  <A extends readonly unknown[]>(
    nameOf: (...args: A) => string,
    timeout: Duration,
    options?: FailfastOptions,
  ): Circuits<A>;
  /**
   * Sets defaults, for circuits made earlier too as long as none has been called.
   *
   * @throws {Error} when one has: it lists them.
   */
  configure(defaults: FailfastDefaults): void;
  /** Every circuit there is now. */
  circuits(): IterableIterator<Circuit>;
  /** What the traffic so far speaks against in the circuits' settings: some that can never trip, or trip needlessly. */
  lint(): Finding[];
  /** Listens to all of its circuits and their stores. */
  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription;
  /** Resolves when the first read of each store is done or given up. */
  ready(): Promise<void>;
  /** Resolves when every pending write is done or given up: for a function's or a script's last line. */
  settled(): Promise<void>;
  /** Ends subscriptions and polls, after at most half a second for pending writes. Calls go on, by themselves. */
  close(): Promise<void>;
}

/** A circuit as it was asked for; its breaker is made at the first use, when the defaults are known. */
interface Definition {
  readonly name: string;
  readonly timeout: Duration | undefined;
  options: FailfastOptions;
  breaker: Breaker | undefined;
}

/** An independent `failfast`, with its own defaults and circuits. */
export function createFailfast(defaults?: FailfastDefaults): Failfast {
  const home = new Home(defaults);
  const failfast = (name: unknown, timeout?: Duration, options?: FailfastOptions): unknown =>
    typeof name === "function"
      ? home.circuits(name as (...args: readonly unknown[]) => string, timeout, options)
      : home.circuit(name, timeout, options);
  return Object.assign(failfast, {
    configure: (given: FailfastDefaults) => home.configure(given),
    circuits: () => home.all(),
    lint: () => home.lint(),
    on: (event: FailfastEventName, listener: FailfastListener<FailfastEventName>) =>
      home.events.on(event, listener),
    ready: () => home.ready(),
    settled: () => home.settled(),
    close: () => home.close(),
    [Symbol.asyncDispose]: () => home.close(),
  }) as unknown as Failfast;
}

/** What one `failfast(name, …)` returned goes by: the circuit's definition, and the handle's own options. */
class Handle implements GuardSource {
  readonly #home: Home;
  readonly #definition: Definition;
  readonly #options: FailfastOptions;
  #guard: Guard | undefined;

  constructor(home: Home, definition: Definition, options: FailfastOptions) {
    this.#home = home;
    this.#definition = definition;
    this.#options = options;
  }

  get name(): string {
    return this.#definition.name;
  }

  get fixed(): boolean {
    return true;
  }

  get returns(): "promise" | "value" | undefined {
    return this.#options.returns ?? this.#home.returns;
  }

  guard(): Guard {
    this.#guard ??= this.#home.guard(this.#definition, this.#options);
    return this.#guard;
  }

  breaker(): Breaker | undefined {
    return this.#definition.breaker;
  }

  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription {
    return this.#home.events.on(event, listener, this.name);
  }
}

class Home {
  readonly events: Events = new Events(() => this.#renewTerms());
  readonly #definitions = new Map<Store | undefined, Map<string, Definition>>();
  readonly #named: GuardsByName[] = [];
  /** Whether those named by arguments make sense with other defaults. */
  readonly #checks: ((defaults: FailfastDefaults) => unknown)[] = [];
  readonly #fleets = new Map<Store, Fleet>();
  /** Circuits with the same settings share them. */
  readonly #settings = new Map<string, CircuitSettings>();
  #plainPolicy: Policy | undefined;
  #defaults: FailfastDefaults;
  #memory: Store | undefined;

  constructor(defaults: FailfastDefaults | undefined) {
    this.#defaults = checkDefaults(defaults);
  }

  circuit(name: unknown, timeout: Duration | undefined, given: FailfastOptions | undefined): Circuit {
    if (typeof name !== "string") {
      throw new TypeError(
        `the circuit's name is ${show(name)}: it takes a string, or a function of the call's arguments`,
      );
    }
    const options = checkGiven(given);
    if (timeout !== undefined) milliseconds("timeout", timeout);
    const definition = this.#define(name, timeout, options);
    // What its fleet knows of it already is to be seen and heard, though no call was made yet.
    const store = definition.options.store ?? this.#defaults.store;
    if (store !== undefined && this.#fleets.has(store)) this.#breakerOf(definition);
    return this.#handle(definition, options);
  }

  circuits<A extends readonly unknown[]>(
    nameOf: (...args: A) => string,
    timeout: Duration | undefined,
    given: FailfastOptions | undefined,
  ): Circuits<A> {
    const options = checkGiven(given);
    const time = timeout ?? this.#defaults.timeout;
    if (time === undefined)
      throw new TypeError("timeout is left out: circuits named by their arguments take one");
    const check = (defaults: FailfastDefaults): unknown => settingsOf(time, defaults, options);
    check(this.#defaults);
    this.#checks.push(check);
    let policy: Policy | undefined;
    let limit: number | undefined;
    const guards: GuardsByName = new GuardsByName({
      returns: options.returns ?? this.returns,
      limit: () => {
        limit ??= this.#settingsOf(time, options).maxCircuits;
        return limit;
      },
      make: (name) => {
        policy ??= makePolicy({ ...this.#defaults, ...options });
        return makeGuard(this.#breaker(name, time, options), policy);
      },
      on: (event, listener, circuit) => this.events.on(event, listener, circuit),
    });
    this.#named.push(guards);
    return makeCircuits(
      nameOf,
      {
        returns: options.returns ?? this.returns,
        limit: () => this.#settingsOf(time, options).maxCircuits,
        make: (name) => guards.get(name),
        on: (event, listener, circuit) =>
          circuit === undefined
            ? this.events.on(event, (said) => {
                if (!("circuit" in said) || guards.peek(said.circuit)) listener(said);
              })
            : this.events.on(event, listener, circuit),
      },
      guards,
    );
  }

  configure(given: FailfastDefaults): void {
    const called = [...this.#eachDefinition()]
      .filter(({ breaker }) => breaker !== undefined)
      .map(({ name }) => show(name));
    for (const guards of this.#named) called.push(...[...guards.names()].map(show));
    if (called.length > 0) {
      throw new Error(`configure() comes too late for circuits that have been called: ${called.join(", ")}`);
    }
    const defaults = checkDefaults(over(this.#defaults, checkDefaults(given)));
    for (const { timeout, options } of this.#eachDefinition())
      settingsOf(timeout ?? defaults.timeout, defaults, options);
    for (const check of this.#checks) check(defaults);
    this.#defaults = defaults;
    this.#plainPolicy = undefined;
  }

  *all(): IterableIterator<Circuit> {
    for (const definition of this.#eachDefinition()) yield this.#handle(definition, definition.options);
    for (const guards of this.#named) {
      for (const name of guards.names()) {
        yield makeCircuit({
          name,
          returns: undefined,
          fixed: false,
          guard: () => guards.get(name),
          breaker: () => guards.peek(name)?.breaker,
          on: (event, listener) => this.events.on(event, listener, name),
        });
      }
    }
  }

  lint(): Finding[] {
    const findings: Finding[] = [];
    for (const { replica } of this.#fleets.values()) {
      for (const breaker of replica.subscribers.values())
        if (breaker instanceof Breaker) findings.push(...lintBreaker(breaker));
    }
    return findings;
  }

  async ready(): Promise<void> {
    for (const definition of this.#eachDefinition()) this.#breakerOf(definition);
    const { synchronisers } = this;
    for (const synchroniser of synchronisers) synchroniser.start();
    await Promise.all(synchronisers.map((each) => each.ready()));
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#fleets.values()].map(({ replica }) => replica.settled()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#fleets.values()].map(({ replica }) => replica.close()));
  }

  get synchronisers(): Replica["synchroniser"][] {
    return [...this.#fleets.values()].map(({ replica }) => replica.synchroniser);
  }

  #define(name: string, timeout: Duration | undefined, options: FailfastOptions): Definition {
    const known = this.#find(name, options.store);
    if (known !== undefined) {
      agree(known, timeout, options);
      const theirs = over(this.#defaults, sharedOf(known.options));
      settingsOf(known.timeout ?? timeout ?? this.#defaults.timeout, theirs, options);
      known.options = { ...sharedOf(options), ...known.options };
      return known;
    }
    if (timeout === undefined && this.#defaults.timeout === undefined) {
      throw new RangeError(
        `there is no circuit ${show(name)} yet: give its time where it is made, as in failfast(${show(name)}, 60)`,
      );
    }
    settingsOf(timeout ?? this.#defaults.timeout, this.#defaults, options);
    const definition: Definition = { name, timeout, options, breaker: undefined };
    const { store } = options;
    const sharing = this.#definitions.get(store) ?? new Map<string, Definition>();
    this.#definitions.set(store, sharing.set(name, definition));
    return definition;
  }

  /** Without a store: the one circuit of that name, wherever it is kept. */
  #find(name: string, store: Store | undefined): Definition | undefined {
    const own = this.#definitions.get(store)?.get(name);
    if (own !== undefined || store !== undefined) return own;
    const all = [...this.#definitions.values()].flatMap((definitions) => definitions.get(name) ?? []);
    if (all.length > 1) {
      throw new TypeError(
        `there are ${all.length} circuits ${show(name)}, in different stores: name the store`,
      );
    }
    return all[0];
  }

  #handle(definition: Definition, options: FailfastOptions): Circuit {
    return makeCircuit(new Handle(this, definition, options));
  }

  /** The guard of one handle; handles with no options of their own share how they judge. */
  guard(definition: Definition, options: FailfastOptions): Guard {
    const breaker = this.#breakerOf(definition);
    if (options !== NO_OPTIONS) return makeGuard(breaker, makePolicy({ ...this.#defaults, ...options }));
    this.#plainPolicy ??= makePolicy(this.#defaults);
    return makeGuard(breaker, this.#plainPolicy);
  }

  get returns(): "promise" | "value" | undefined {
    return this.#defaults.returns;
  }

  #breakerOf(definition: Definition): Breaker {
    const { name, timeout, options } = definition;
    definition.breaker ??= this.#breaker(name, timeout ?? this.#defaults.timeout, options);
    return definition.breaker;
  }

  /** The one breaker of a name in a store, made at its first use. */
  #breaker(name: string, timeout: Duration | undefined, options: FailfastOptions): Breaker {
    const fleet = this.#fleet(options.store ?? this.#defaults.store);
    const settings = this.#settingsOf(timeout, options);
    const key = encodeName(name);
    const known = fleet.replica.subscribers.get(key);
    if (known instanceof Breaker) {
      sameSettings(name, known.settings, settings);
      known.users++;
      return known;
    }
    const breaker = new Breaker(name, key, settings, fleet);
    breaker.users++;
    fleet.replica.subscribe(key, breaker);
    breaker.changed();
    return breaker;
  }

  #fleet(given: Store | undefined): Fleet {
    const clock = this.#defaults.clock ?? tickingClock;
    this.#memory ??= given === undefined ? memoryStore({ clock }) : undefined;
    const store = given ?? (this.#memory as Store);
    let fleet = this.#fleets.get(store);
    if (fleet === undefined) {
      const host = shortenHost(this.#defaults.host ?? hostName());
      const replica = new Replica(store, clock, `${host}/${platform.process?.pid ?? 0}`, this.#health());
      fleet = new Fleet(replica, clock, this.events, host);
      this.#fleets.set(store, fleet);
    }
    return fleet;
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
        this.events.emit({ type: "store-down", error });
      },
      up: () => this.events.emit({ type: "store-up" }),
    };
  }

  #settingsOf(timeout: Duration | undefined, options: FailfastOptions): CircuitSettings {
    const settings = settingsOf(timeout, this.#defaults, options);
    if (settings.retryAfterFrom !== undefined) return settings;
    const key = Object.values(settings).join();
    const known = this.#settings.get(key);
    if (known === undefined) this.#settings.set(key, settings);
    return known ?? settings;
  }

  *#eachDefinition(): Generator<Definition> {
    for (const definitions of this.#definitions.values()) yield* definitions.values();
  }

  #renewTerms(): void {
    for (const { replica } of this.#fleets.values()) {
      for (const breaker of replica.subscribers.values()) if (breaker instanceof Breaker) breaker.renewTerm();
    }
  }
}

function checkDefaults(given: FailfastDefaults | undefined): FailfastDefaults {
  const defaults = checkOptions(given, "failfast");
  checkTogether(defaults, defaults);
  if (defaults.timeout !== undefined) settingsOf(defaults.timeout, defaults, NO_OPTIONS);
  return defaults;
}

function checkGiven(given: FailfastOptions | undefined): FailfastOptions {
  // Said where the circuit is made, and not by its first call.
  enabledByEnvironment();
  return checkOptions(given, "circuit");
}

/** What of a handle's options is the circuit's. */
const sharedOf = (options: FailfastOptions): FailfastOptions =>
  Object.fromEntries(SHARED.filter((key) => key in options).map((key) => [key, options[key]]));

/** @throws {TypeError} when two handles of one circuit differ in what belongs to the circuit. */
function agree(known: Definition, timeout: Duration | undefined, options: FailfastOptions): void {
  const differs = (option: string, is: unknown, asked: unknown): never => {
    throw new TypeError(
      `the circuit ${show(known.name)} was made with ${option} ${show(is)}, and is asked for with ${option} ${show(asked)}: leave it out, or make them equal`,
    );
  };
  if (timeout !== undefined && known.timeout !== undefined) {
    if (milliseconds("timeout", timeout) !== milliseconds("timeout", known.timeout))
      differs("timeout", known.timeout, timeout);
  }
  for (const option of SHARED) {
    const asked = options[option];
    const is = known.options[option];
    if (asked !== undefined && !same(option, asked, is) && (is !== undefined || known.breaker !== undefined))
      differs(option, is, asked);
  }
}

const TIMES: readonly string[] = ["window", "slowCall", "rampUp", "max", "min"];

/** Equal in what they mean: 10 is "10s", and two objects of the same fields are one. */
function same(option: string, asked: unknown, is: unknown): boolean {
  if (asked === is) return true;
  if (asked === undefined || is === undefined || asked === null || is === null) return false;
  if (TIMES.includes(option)) return milliseconds(option, asked) === milliseconds(option, is);
  if (typeof asked !== "object" || typeof is !== "object" || option === "store") return false;
  const [a, b] = [asked as Record<string, unknown>, is as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(key, a[key], b[key]));
}

function sameSettings(name: string, known: CircuitSettings, asked: CircuitSettings): void {
  for (const key of Object.keys(known) as (keyof CircuitSettings)[]) {
    if (known[key] === asked[key]) continue;
    throw new TypeError(
      `the circuit ${show(name)} has ${key} ${show(known[key])}, and is asked for with ${key} ${show(asked[key])}: make them equal`,
    );
  }
}

function hostName(): string {
  return environment("FAILFAST_HOST") ?? builtin<{ hostname(): string }>("node:os")?.hostname() ?? "unknown";
}
