import type { Breaker } from "../breaker/breaker.js";
import { type CallPolicy, makeCallPolicy } from "../call/call-policy.js";
import type { Guard } from "../call/guard.js";
import { makeGuard } from "../call/timed-guard.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import type { Events } from "../events/events.js";
import type { Duration } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import {
  type CircuitUpdate,
  type FailfastDefaults,
  type FailfastOptions,
  NO_OPTIONS,
} from "../options/options.js";
import type { Breakers } from "./breakers.js";
import { type Circuit, makeCircuit } from "./circuit.js";
import { type Definition, settingsOf, withUpdate } from "./definition.js";
import { Definitions } from "./definitions.js";
import { Handle, type HandleOwner } from "./handle.js";
import type { StoreSessions } from "./store-sessions.js";

/** The circuits that are defined by a name, and what their handles do. */
export class DefinedCircuits implements HandleOwner {
  readonly #sessions: StoreSessions;
  readonly #breakers: Breakers;
  readonly #events: Events;
  readonly #defaults: () => FailfastDefaults;
  readonly #definitions: Definitions;
  /** Shared by handles without options of their own. */
  #plainPolicy: CallPolicy | undefined;

  constructor(sessions: StoreSessions, breakers: Breakers, events: Events, defaults: () => FailfastDefaults) {
    this.#sessions = sessions;
    this.#breakers = breakers;
    this.#events = events;
    this.#defaults = defaults;
    this.#definitions = new Definitions(defaults, (definition) => this.#redefined(definition));
  }

  /** A handle for one `failfast(name, …)`. */
  circuit(name: string, timeout: Duration | undefined, options: FailfastOptions): Circuit {
    const definition = this.#definitions.define(name, timeout, options);
    // So that the fleet's state is visible and events arrive before the first call.
    this.#peek(definition);
    return makeCircuit(new Handle(this, definition, options));
  }

  *all(): Generator<Circuit> {
    for (const definition of this.#definitions)
      if (definition.binds(this.#defaults()))
        yield makeCircuit(new Handle(this, definition, definition.options));
  }

  /** The names of those that have been called. */
  called(): string[] {
    return [...this.#definitions].filter((each) => each.called).map(({ name }) => name);
  }

  /** @throws {TypeError} options that contradict those defaults. */
  check(defaults: FailfastDefaults): void {
    for (const definition of this.#definitions) settingsOf(definition, defaults, true);
  }

  /**
   * The defaults change, before any of these circuits was called. Returns what applies the new defaults.
   *
   * @param renews whether each store gets a new session, and so each circuit a new breaker.
   */
  forget(renews: boolean): () => void {
    this.#plainPolicy = undefined;
    const retired: Definition[] = [];
    for (const definition of this.#definitions) {
      if (!renews || definition.breaker === undefined) continue;
      definition.breaker.retire();
      definition.breaker = undefined;
      retired.push(definition);
    }
    return () => {
      for (const definition of retired) this.look(definition, definition.options);
      for (const definition of this.#definitions) this.#redefined(definition);
    };
  }

  /** Makes the breakers of all, and so the sessions of their stores. */
  openSessions(): void {
    for (const definition of this.#definitions) this.#breakerOf(definition);
  }

  get returns(): "promise" | "value" | undefined {
    return this.#defaults().returns;
  }

  resolve(named: Definition): Definition {
    return this.#definitions.resolve(named);
  }

  claim(definition: Definition): void {
    this.#definitions.claim(definition);
  }

  guard(definition: Definition, options: FailfastOptions): Guard {
    const breaker = this.#called(definition);
    const defaults = this.#defaults();
    if (options !== NO_OPTIONS) return makeGuard(breaker, makeCallPolicy({ ...defaults, ...options }));
    this.#plainPolicy ??= makeCallPolicy(defaults);
    return makeGuard(breaker, this.#plainPolicy);
  }

  /** From the first look on this process follows the store, so that what it sees is what its calls would meet. */
  look(definition: Definition, { enabled }: FailfastOptions): Breaker | undefined {
    this.#sessions.follow({ store: definition.options.store, enabled });
    return this.#peek(definition);
  }

  operated(definition: Definition): Breaker {
    if (definition.status === "named") definition.status = "operated";
    definition.called = true;
    return this.#breakerOf(definition);
  }

  update(definition: Definition, update: CircuitUpdate, handle: FailfastOptions): void {
    if (!definition.binds(this.#defaults()))
      throw new TypeError(
        `the circuit ${formatValue(definition.name)} has no options here that could be changed: make it first, as in failfast(${formatValue(definition.name)}, 60)`,
      );
    const changed = withUpdate(definition, update, handle);
    settingsOf(changed, this.#defaults());
    Object.assign(definition, changed, { status: "defined" });
    this.#redefined(definition);
  }

  listen<E extends FailfastEventName>(
    event: E,
    listener: FailfastListener<E>,
    name: string,
    definition: () => Definition,
  ): Subscription {
    return this.#events.on(
      event,
      listener,
      name,
      ({ store }) => store === this.#breakers.storeOf(definition().options.store),
    );
  }

  /** The breaker, if its store is in use. Starts nothing: a store has no session before its first use. */
  #peek(definition: Definition): Breaker | undefined {
    const { name, options } = definition;
    const store = options.store ?? this.#defaults().store;
    const shared = store !== undefined && this.#sessions.find(store) !== undefined;
    // The memory store holds only what this process uses, for example a circuit named by a call's arguments.
    if (shared || this.#breakers.find(name, options)) return this.#breakerOf(definition);
    return definition.breaker;
  }

  /** A call goes through it. It needs a time: its own, a default, or the time of another circuit with its name. */
  #called(definition: Definition): Breaker {
    this.claim(definition);
    const breaker = definition.status === "defined" ? undefined : this.#peek(definition);
    if (definition.status === "defined" || (breaker !== undefined && breaker.givenBy !== "nobody")) {
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
      const settings = settingsOf(definition, this.#defaults(), true);
      definition.breaker =
        status === "defined"
          ? this.#breakers.forDefinition(name, settings, options)
          : this.#breakers.forOperator(name, settings, options);
    }
    return definition.breaker;
  }

  #redefined(definition: Definition): void {
    const { breaker, status, options } = definition;
    if (breaker === undefined) return;
    const settings = settingsOf(definition, this.#defaults(), true);
    this.#breakers.update(breaker, settings, options, status === "defined");
  }
}
