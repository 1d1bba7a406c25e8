import type { Breaker } from "../breaker/breaker.js";
import { type CallPolicy, makeCallPolicy } from "../call/call-policy.js";
import { makeGuard } from "../call/timed-guard.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import type { Events } from "../events/events.js";
import type { CircuitUpdate, FailfastDefaults } from "../options/options.js";
import type { CircuitSettings } from "../policy/settings.js";
import type { Breakers } from "./breakers.js";
import type { CircuitsOwner } from "./circuits.js";
import { type Given, settingsOf, withUpdate } from "./definition.js";
import { GuardsByName } from "./guards-by-name.js";

/** The circuits named by one function of a call's arguments. */
export class NamedCircuits implements CircuitsOwner {
  readonly guards: GuardsByName;
  readonly #breakers: Breakers;
  readonly #events: Events;
  readonly #defaults: () => FailfastDefaults;
  readonly #given: Given;
  /** What was changed while they ran, by name. */
  readonly #changed = new Map<string, Given>();
  #policy: CallPolicy | undefined;
  #limit: number | undefined;

  constructor(breakers: Breakers, events: Events, defaults: () => FailfastDefaults, given: Given) {
    this.#breakers = breakers;
    this.#events = events;
    this.#defaults = defaults;
    this.#given = given;
    this.guards = new GuardsByName(
      (name) => {
        this.#policy ??= makeCallPolicy({ ...defaults(), ...given.options });
        const settings = settingsOf(this.#changed.get(name) ?? given, defaults());
        return makeGuard(breakers.forArguments(name, settings, given.options), this.#policy);
      },
      () => {
        this.#limit ??= this.settings().maxCircuits;
        return this.#limit;
      },
    );
  }

  /** @throws {TypeError} options that contradict those defaults. */
  settings(defaults: FailfastDefaults = this.#defaults()): CircuitSettings {
    return settingsOf(this.#given, defaults);
  }

  get returns(): "promise" | "value" | undefined {
    return this.#given.options.returns ?? this.#defaults().returns;
  }

  look(name: string): Breaker | undefined {
    const used = this.guards.peek(name)?.breaker;
    if (used !== undefined || !this.#breakers.isKnown(name, this.#given.options)) return used;
    return this.guards.look(name).breaker;
  }

  /** The defaults change, which none of them has been called with. Returns what looks at the same circuits again. */
  forget(): () => void {
    this.#policy = undefined;
    this.#limit = undefined;
    const looked = this.guards.takeLooked().map(({ breaker }) => breaker);
    // Its settings depend on the defaults, unless it has a definition by name.
    for (const breaker of looked) if (breaker.givenBy === "arguments") breaker.givenBy = "nobody";
    return () => {
      for (const breaker of looked) {
        this.look(breaker.name);
        // Only now: if it stays in use, listeners aren't told again what they know.
        breaker.retire();
      }
    };
  }

  update(name: string, update: CircuitUpdate): void {
    const changed = withUpdate(this.#changed.get(name) ?? this.#given, update, this.#given.options);
    const settings = settingsOf(changed, this.#defaults());
    this.#changed.set(name, changed);
    this.#breakers.update(this.guards.get(name).breaker, settings, changed.options);
  }

  /** Listens to one of them, or to all that exist at the time of the event. */
  listen<E extends FailfastEventName>(event: E, listener: FailfastListener<E>, name?: string): Subscription {
    const { store } = this.#given.options;
    return this.#events.on(event, listener, name, (emitted) => {
      if (emitted.store !== this.#breakers.storeOf(store)) return false;
      return name !== undefined || !("circuit" in emitted) || this.guards.peek(emitted.circuit) !== undefined;
    });
  }
}
