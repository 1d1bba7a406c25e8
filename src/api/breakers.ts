import { Breaker } from "../breaker/breaker.js";
import { CheckRunner } from "../call/recovery-check.js";
import { formatValue } from "../options/format-value.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import type { Store } from "../options/store.js";
import type { CircuitSettings } from "../policy/settings.js";
import { encodeName } from "../protocol/key.js";
import { warn } from "../runtime/platform.js";
import { reloads, sameSettings } from "./assert-compatible.js";
import type { StoreSessions } from "./store-sessions.js";

/** The breakers of one `failfast`: one for each name in each store. */
export class Breakers {
  readonly #sessions: StoreSessions;
  readonly #defaults: () => FailfastDefaults;
  /** Circuits with the same settings share one settings object. */
  readonly #interned = new Map<string, CircuitSettings>();
  #warned = false;

  constructor(sessions: StoreSessions, defaults: () => FailfastDefaults) {
    this.#sessions = sessions;
    this.#defaults = defaults;
  }

  /** The breaker of that name, if there is one. Looking it up starts nothing. */
  find(name: string, options: FailfastOptions): Breaker | undefined {
    const session = this.#sessions.find(options.store ?? this.#defaults().store);
    const known = session?.replica.subscribers.get(encodeName(name));
    return known instanceof Breaker ? known : undefined;
  }

  /** Whether another handle uses it here, or the fleet has a record of it. The store is followed from now on. */
  isKnown(name: string, options: FailfastOptions): boolean {
    this.#sessions.follow(options);
    const replica = this.#sessions.find(options.store ?? this.#defaults().store)?.replica;
    const key = encodeName(name);
    return (
      replica !== undefined &&
      [replica.subscribers, replica.circuits, replica.holds].some((known) => known.has(key))
    );
  }

  /** The store of a circuit, by its own option or by default; undefined until it is used. */
  storeOf(given: Store | undefined): Store | undefined {
    return this.#sessions.find(given ?? this.#defaults().store)?.replica.store;
  }

  /** For a circuit that is defined by its name: its settings are valid, also for handles that came before. */
  forDefinition(name: string, settings: CircuitSettings, options: FailfastOptions): Breaker {
    const breaker = this.#get(name, settings, options);
    if (!sameSettings(breaker.settings, settings)) {
      if (breaker.givenBy !== "nobody") this.#warnOfTwo(name);
      this.update(breaker, settings, options);
    } else this.#check(breaker, options);
    breaker.givenBy = "definition";
    return breaker;
  }

  /**
   * For a name that came from a call's arguments. No call fails because of a name, so an existing breaker keeps its
   * settings. If modules are loaded again, it gets the settings of the newest function.
   */
  forArguments(name: string, settings: CircuitSettings, options: FailfastOptions): Breaker {
    const breaker = this.#get(name, settings, options);
    if (breaker.givenBy === "nobody") this.update(breaker, settings, options);
    else if (!sameSettings(breaker.settings, settings)) {
      this.#warnOfTwo(name);
      if (breaker.givenBy === "arguments" && reloads()) this.update(breaker, settings, options);
    }
    return breaker;
  }

  /** For an operator, who knows only a name. */
  forOperator(name: string, settings: CircuitSettings, options: FailfastOptions): Breaker {
    const isNew = this.find(name, options) === undefined;
    const breaker = this.#get(name, settings, options);
    if (isNew) breaker.givenBy = "nobody";
    return breaker;
  }

  /** `given`: somebody has given those settings; they are not just the defaults. */
  update(breaker: Breaker, settings: CircuitSettings, options: FailfastOptions, given = true): void {
    if (given && breaker.givenBy === "nobody") breaker.givenBy = "arguments";
    breaker.updateSettings(this.#intern(settings));
    this.#check(breaker, options);
  }

  /** From now on its own check tries the backend in the background, if it has one. */
  #check(breaker: Breaker, options: FailfastOptions): void {
    if (breaker.settings.check !== undefined) {
      breaker.check ??= new CheckRunner(breaker);
      breaker.check.judgeBy({ ...this.#defaults(), ...options });
    }
    breaker.check?.follow();
  }

  #get(name: string, settings: CircuitSettings, options: FailfastOptions): Breaker {
    const breaker = this.find(name, options) ?? this.#make(name, settings, options);
    breaker.users++;
    return breaker;
  }

  #make(name: string, settings: CircuitSettings, options: FailfastOptions): Breaker {
    const session = this.#sessions.of(options.store ?? this.#defaults().store);
    const breaker = new Breaker(name, this.#intern(settings), session);
    this.#check(breaker, options);
    session.replica.subscribe(breaker.key, breaker);
    breaker.changed();
    return breaker;
  }

  #intern(settings: CircuitSettings): CircuitSettings {
    const values = Object.values(settings);
    if (values.some((value) => typeof value === "function")) return settings;
    const key = values.join();
    const known = this.#interned.get(key);
    if (known === undefined) this.#interned.set(key, settings);
    return known ?? settings;
  }

  #warnOfTwo(name: string): void {
    if (this.#warned) return;
    this.#warned = true;
    warn(
      "FAILFAST_NAME",
      `the name ${formatValue(name)}, given by a call's arguments, is also the name of another circuit with other options. The options of a definition by name are used, or else the first, or in development the newest. Give the two different names`,
    );
  }
}
