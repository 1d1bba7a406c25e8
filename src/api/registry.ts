import type { Breaker } from "../breaker/breaker.js";
import type { StoreSession } from "../breaker/store-session.js";
import type { Guard } from "../call/guard.js";
import { makePolicy, type Policy } from "../call/policy.js";
import { makeGuard } from "../call/timed-guard.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import { Events } from "../events/events.js";
import { checkOptions } from "../options/check-options.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { enabledByEnvironment } from "../options/enabled.js";
import { formatValue, isClass } from "../options/format-value.js";
import {
  type CircuitUpdate,
  type FailfastDefaults,
  type FailfastOptions,
  NO_OPTIONS,
} from "../options/options.js";
import { checkTogether, mergeOptions, resolveSettings } from "../policy/resolve-settings.js";
import type { FleetCircuit } from "../report/fleet-circuits.js";
import type { Reporter } from "../report/reporter.js";
import { warn } from "../runtime/platform.js";
import { Breakers } from "./breakers.js";
import { type Circuit, makeCircuit } from "./circuit.js";
import { type Circuits, circuitNamed, makeCircuits } from "./circuits.js";
import { type Definition, settingsOf, withUpdate } from "./definition.js";
import { Definitions } from "./definitions.js";
import { Handle, type HandleOwner } from "./handle.js";
import { type LintFinding, lintBreaker } from "./lint.js";
import { NamedCircuits } from "./named-circuits.js";
import { StoreSessions } from "./store-sessions.js";

/** From this many functions that name circuits on, the process is warned: each is kept for good. */
const MANY_FUNCTIONS = 1_000;

/** What the circuits of one `failfast` have in common: their names, defaults, stores and listeners. */
export class Registry implements HandleOwner {
  readonly events: Events = new Events(() => {
    for (const breaker of this.#sessions.breakers()) breaker.renewAdmission();
  });
  readonly #sessions: StoreSessions = new StoreSessions(this.events, () => this.#defaults);
  readonly #breakers: Breakers = new Breakers(this.#sessions, () => this.#defaults);
  readonly #definitions: Definitions = new Definitions(
    () => this.#defaults,
    (definition) => this.#redefined(definition),
  );
  readonly #families: NamedCircuits[] = [];
  #plainPolicy: Policy | undefined;
  #defaults: FailfastDefaults;

  constructor(defaults: FailfastDefaults | undefined) {
    this.#defaults = checkDefaults(defaults);
  }

  circuit(name: unknown, timeout: Duration | undefined, given: FailfastOptions | undefined): Circuit {
    if (typeof name !== "string") throw noName(name);
    const options = checkGiven(given);
    if (timeout !== undefined) milliseconds("timeout", timeout);
    const definition = this.#definitions.define(name, timeout, options);
    // So that the fleet's state is visible and events arrive before the first call.
    this.peek(definition);
    return makeCircuit(new Handle(this, definition, options));
  }

  circuits<A extends readonly unknown[], T>(
    nameOf: (this: T, ...args: A) => string,
    timeout: Duration | undefined,
    given: FailfastOptions | undefined,
  ): Circuits<A, T> {
    if (isClass(nameOf)) throw noName(nameOf);
    const options = checkGiven(given);
    const time = timeout ?? this.#defaults.timeout;
    if (time === undefined)
      throw new TypeError("timeout is left out: circuits named by their arguments take one");
    const family = new NamedCircuits(this.#breakers, this.events, () => this.#defaults, {
      timeout: time,
      options,
    });
    family.settings();
    if (this.#families.push(family) === MANY_FUNCTIONS)
      warn(
        "FAILFAST_NAMES",
        `failfast was given ${MANY_FUNCTIONS} functions that name circuits, and each is kept for good: make one where the module is loaded, not in each request`,
      );
    return makeCircuits(nameOf, family);
  }

  configure(given: FailfastDefaults): void {
    const called = [...this.#definitions].filter((each) => each.called).map(({ name }) => name);
    for (const { guards } of this.#families) called.push(...guards.called());
    if (called.length > 0) {
      throw new Error(
        `configure() comes too late for circuits that have been called: ${called.map(formatValue).join(", ")}`,
      );
    }
    const defaults = checkDefaults(mergeOptions(this.#defaults, checkDefaults(given)));
    for (const definition of this.#definitions) settingsOf(definition, defaults, true);
    for (const family of this.#families) family.settings(defaults);
    const { store, clock, host } = this.#defaults;
    const renews = defaults.store !== store || defaults.clock !== clock || defaults.host !== host;
    const lookAgain = this.#families.map((family) => family.forget());
    for (const definition of this.#definitions) {
      if (!renews || definition.breaker === undefined) continue;
      definition.breaker.retire();
      definition.breaker = undefined;
      lookAgain.push(() => void this.look(definition, definition.options));
    }
    this.#defaults = defaults;
    this.#plainPolicy = undefined;
    if (renews) this.#sessions.renew();
    for (const look of lookAgain) look();
    for (const definition of this.#definitions) this.#redefined(definition);
  }

  *all(): IterableIterator<Circuit> {
    for (const definition of this.#definitions) {
      if (definition.binds(this.#defaults))
        yield makeCircuit(new Handle(this, definition, definition.options));
    }
    for (const family of this.#families)
      for (const name of family.guards.names()) yield circuitNamed(name, family);
  }

  lint(): LintFinding[] {
    return [...this.#sessions.breakers()].flatMap((breaker) => [...lintBreaker(breaker)]);
  }

  /** The circuits in the stores, of all processes. */
  async fleet(): Promise<FleetCircuit[]> {
    this.#openSessions();
    const { fleetCircuits } = await import("../report/on-demand.js");
    return (await Promise.all([...this.#sessions].map(fleetCircuits))).flat();
  }

  /** The existing sessions, each with the part that reports its circuits. */
  *sessions(): Generator<{ readonly session: StoreSession; readonly reporter: Reporter | undefined }> {
    this.#openSessions();
    for (const session of this.#sessions) yield { session, reporter: this.#sessions.reporter(session) };
  }

  ready(): Promise<void> {
    this.#openSessions();
    return this.#sessions.ready();
  }

  settled(): Promise<void> {
    return this.#sessions.settled();
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  #openSessions(): void {
    if (this.#defaults.store !== undefined) this.#sessions.of(this.#defaults.store);
    for (const definition of this.#definitions) this.#breakerOf(definition);
  }

  get returns(): "promise" | "value" | undefined {
    return this.#defaults.returns;
  }

  resolve(named: Definition): Definition {
    return this.#definitions.resolve(named);
  }

  claim(definition: Definition): void {
    this.#definitions.claim(definition);
  }

  /** The guard of one handle. Handles without options of their own share one policy. */
  guard(definition: Definition, options: FailfastOptions): Guard {
    const breaker = this.#called(definition);
    if (options !== NO_OPTIONS) return makeGuard(breaker, makePolicy({ ...this.#defaults, ...options }));
    this.#plainPolicy ??= makePolicy(this.#defaults);
    return makeGuard(breaker, this.#plainPolicy);
  }

  /** From the first look on this process follows the store, so that what it sees is what its calls would meet. */
  look(definition: Definition, { enabled }: FailfastOptions): Breaker | undefined {
    this.#sessions.follow({ store: definition.options.store, enabled });
    return this.peek(definition);
  }

  /** Starts nothing: a store has no session before its first use. */
  peek(definition: Definition): Breaker | undefined {
    const { name, options } = definition;
    const store = options.store ?? this.#defaults.store;
    const shared = store !== undefined && this.#sessions.find(store) !== undefined;
    // The memory store holds only what this process uses, for example a circuit named by a call's arguments.
    if (shared || this.#breakers.find(name, options)) return this.#breakerOf(definition);
    return definition.breaker;
  }

  operated(definition: Definition): Breaker {
    if (definition.status === "named") definition.status = "operated";
    definition.called = true;
    return this.#breakerOf(definition);
  }

  update(definition: Definition, update: CircuitUpdate, handle: FailfastOptions): void {
    if (!definition.binds(this.#defaults))
      throw new TypeError(
        `the circuit ${formatValue(definition.name)} has no options here that could be changed: make it first, as in failfast(${formatValue(definition.name)}, 60)`,
      );
    const changed = withUpdate(definition, update, handle);
    settingsOf(changed, this.#defaults);
    Object.assign(definition, changed, { status: "defined" });
    this.#redefined(definition);
  }

  listen<E extends FailfastEventName>(
    event: E,
    listener: FailfastListener<E>,
    name: string,
    definition: () => Definition,
  ): Subscription {
    return this.events.on(
      event,
      listener,
      name,
      ({ store }) => store === this.#breakers.storeOf(definition().options.store),
    );
  }

  /** A call goes through it. It needs a time: its own, a default, or the time of another circuit with its name. */
  #called(definition: Definition): Breaker {
    this.claim(definition);
    const breaker = definition.status === "defined" ? undefined : this.peek(definition);
    if (definition.status === "defined" || (breaker && this.#breakers.isSettled(breaker))) {
      definition.called = true;
      return this.#breakerOf(definition);
    }
    throw new RangeError(
      `nobody has given the circuit ${formatValue(definition.name)} a time yet: give it where the circuit is made, as in failfast(${formatValue(definition.name)}, 60)`,
    );
  }

  #breakerOf(definition: Definition): Breaker {
    const { name, options, status } = definition;
    if (definition.breaker === undefined) {
      const settings = settingsOf(definition, this.#defaults, true);
      definition.breaker =
        status === "defined"
          ? this.#breakers.defined(name, settings, options)
          : this.#breakers.operated(name, settings, options);
    }
    return definition.breaker;
  }

  #redefined(definition: Definition): void {
    const { breaker, status, options } = definition;
    if (breaker === undefined) return;
    const settings = settingsOf(definition, this.#defaults, true);
    this.#breakers.update(breaker, settings, options, status === "defined");
  }
}

const noName = (given: unknown): TypeError =>
  new TypeError(
    `the circuit's name is ${formatValue(given)}: it takes a string, or a function of the call's arguments`,
  );

function checkDefaults(given: FailfastDefaults | undefined): FailfastDefaults {
  const defaults = checkOptions(given, "failfast");
  checkTogether(defaults, defaults);
  if (defaults.timeout !== undefined) resolveSettings(defaults.timeout, defaults, NO_OPTIONS);
  return defaults;
}

function checkGiven(given: FailfastOptions | undefined): FailfastOptions {
  // So that the error comes where the circuit is made, and not at its first call.
  enabledByEnvironment();
  return checkOptions(given, "circuit");
}
