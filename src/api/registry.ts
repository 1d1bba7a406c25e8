import { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import { makePolicy, type Policy } from "../call/policy.js";
import { makeGuard } from "../call/timed-guard.js";
import {
  Events,
  type FailfastEventName,
  type FailfastListener,
  type Subscription,
} from "../events/events.js";
import { checkOptions } from "../options/check-options.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { enabledByEnvironment } from "../options/enabled.js";
import { formatValue } from "../options/format-value.js";
import { type FailfastDefaults, type FailfastOptions, NO_OPTIONS } from "../options/options.js";
import { checkTogether, mergeOptions, settingsOf } from "../options/resolve-settings.js";
import type { CircuitSettings } from "../policy/settings.js";
import { encodeName } from "../protocol/key.js";
import type { Store } from "../stores/store.js";
import { assertCompatible, sameSettings, sharedOf } from "./assert-compatible.js";
import { type Circuit, type GuardSource, makeCircuit } from "./circuit.js";
import { type Circuits, GuardsByName, makeCircuits } from "./circuits.js";
import { type LintFinding, lintBreaker } from "./lint.js";
import { StoreSessions } from "./store-sessions.js";

/** A circuit as it was asked for; its breaker is made at the first use, when the defaults are known. */
export interface Definition {
  readonly name: string;
  readonly timeout: Duration | undefined;
  options: FailfastOptions;
  breaker: Breaker | undefined;
}

/** What one `failfast(name, …)` returned goes by: the circuit's definition, and the handle's own options. */
class Handle implements GuardSource {
  readonly #registry: Registry;
  readonly #definition: Definition;
  readonly #options: FailfastOptions;
  #guard: Guard | undefined;

  constructor(registry: Registry, definition: Definition, options: FailfastOptions) {
    this.#registry = registry;
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
    return this.#options.returns ?? this.#registry.returns;
  }

  guard(): Guard {
    this.#guard ??= this.#registry.guard(this.#definition, this.#options);
    return this.#guard;
  }

  breaker(): Breaker | undefined {
    return this.#definition.breaker;
  }

  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription {
    return this.#registry.events.on(event, listener, this.name);
  }
}

/** What the circuits of one `failfast` have in common: their names, defaults, stores and listeners. */
export class Registry {
  readonly events: Events = new Events(() => {
    for (const breaker of this.#sessions.breakers()) breaker.renewTerm();
  });
  readonly #definitions = new Map<Store | undefined, Map<string, Definition>>();
  readonly #named: GuardsByName[] = [];
  /** Whether those named by arguments make sense with other defaults. */
  readonly #checks: ((defaults: FailfastDefaults) => unknown)[] = [];
  readonly #sessions: StoreSessions = new StoreSessions(this.events, () => this.#defaults);
  /** Circuits with the same settings share them. */
  readonly #settings = new Map<string, CircuitSettings>();
  #plainPolicy: Policy | undefined;
  #defaults: FailfastDefaults;

  constructor(defaults: FailfastDefaults | undefined) {
    this.#defaults = checkDefaults(defaults);
  }

  circuit(name: unknown, timeout: Duration | undefined, given: FailfastOptions | undefined): Circuit {
    if (typeof name !== "string") {
      throw new TypeError(
        `the circuit's name is ${formatValue(name)}: it takes a string, or a function of the call's arguments`,
      );
    }
    const options = checkGiven(given);
    if (timeout !== undefined) milliseconds("timeout", timeout);
    const definition = this.#define(name, timeout, options);
    // What its fleet knows of it already is to be seen and heard, though no call was made yet.
    const store = definition.options.store ?? this.#defaults.store;
    if (store !== undefined && this.#sessions.has(store)) this.#breakerOf(definition);
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
      .map(({ name }) => formatValue(name));
    for (const guards of this.#named) called.push(...[...guards.names()].map(formatValue));
    if (called.length > 0) {
      throw new Error(`configure() comes too late for circuits that have been called: ${called.join(", ")}`);
    }
    const defaults = checkDefaults(mergeOptions(this.#defaults, checkDefaults(given)));
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

  lint(): LintFinding[] {
    return [...this.#sessions.breakers()].flatMap((breaker) => [...lintBreaker(breaker)]);
  }

  async ready(): Promise<void> {
    for (const definition of this.#eachDefinition()) this.#breakerOf(definition);
    await this.#sessions.ready();
  }

  settled(): Promise<void> {
    return this.#sessions.settled();
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  #define(name: string, timeout: Duration | undefined, options: FailfastOptions): Definition {
    const known = this.#find(name, options.store);
    if (known !== undefined) {
      assertCompatible(known, timeout, options);
      const theirs = mergeOptions(this.#defaults, sharedOf(known.options));
      settingsOf(known.timeout ?? timeout ?? this.#defaults.timeout, theirs, options);
      known.options = { ...sharedOf(options), ...known.options };
      return known;
    }
    if (timeout === undefined && this.#defaults.timeout === undefined) {
      throw new RangeError(
        `there is no circuit ${formatValue(name)} yet: give its time where it is made, as in failfast(${formatValue(name)}, 60)`,
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
        `there are ${all.length} circuits ${formatValue(name)}, in different stores: name the store`,
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
    const fleet = this.#sessions.of(options.store ?? this.#defaults.store);
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
