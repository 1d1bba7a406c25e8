import type { Duration } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import type { Store } from "../options/store.js";
import { resolveSettings } from "../policy/resolve-settings.js";
import { warn } from "../runtime/platform.js";
import { differenceOf, explainDifference, reloads } from "./assert-compatible.js";
import { Definition, sharedOf } from "./definition.js";

/** From this many names on the process is warned: each name given as a string is kept for good. */
const MANY_NAMES = 10_000;

/** The definitions of one `failfast`, by name. A name has one definition in each store. */
export class Definitions {
  readonly #byName = new Map<string, Definition>();
  /** Of names in several stores: all but the first. They are few, and most names need no list. */
  readonly #inOtherStores = new Map<string, Definition[]>();
  readonly #defaults: () => FailfastDefaults;
  readonly #redefined: (definition: Definition) => void;
  readonly #warnedOf = new Set<string>();
  #names = 0;

  /** `redefined` is called when the settings of a definition change. */
  constructor(defaults: () => FailfastDefaults, redefined: (definition: Definition) => void) {
    this.#defaults = defaults;
    this.#redefined = redefined;
  }

  *[Symbol.iterator](): Generator<Definition> {
    yield* this.#byName.values();
    for (const definitions of this.#inOtherStores.values()) yield* definitions;
  }

  /**
   * The definition for one `failfast(name, …)`. A name alone fixes no settings.
   *
   * @throws {TypeError} if it differs from an earlier definition, unless modules may be loaded again.
   * @throws {RangeError} options for a circuit that nobody gave a time.
   */
  define(name: string, timeout: Duration | undefined, options: FailfastOptions): Definition {
    const shared = sharedOf(options);
    const known = this.#find(name, options.store);
    const binds = timeout !== undefined || Object.keys(shared).some((option) => option !== "store");
    if (!binds) return known ?? this.#add(new Definition(name, undefined, options));
    if (known?.binds(this.#defaults())) {
      this.#join(known, timeout, options);
      return known;
    }
    const time = timeout ?? this.#defaults().timeout;
    if (time === undefined)
      throw new RangeError(
        `nobody has given the circuit ${formatValue(name)} a time yet: give it with its options, as in failfast(${formatValue(name)}, 60, { … })`,
      );
    resolveSettings(time, this.#defaults(), options);
    const definition = known ?? this.#add(new Definition(name, timeout, options));
    definition.timeout = timeout;
    definition.options = options;
    definition.status = "defined";
    if (known !== undefined) this.#redefined(definition);
    return definition;
  }

  /** Something is guarded by a name alone. If there is a time for it, this makes it a definition. */
  claim(definition: Definition): void {
    if (this.#defaults().timeout !== undefined) definition.status = "defined";
  }

  /** For a handle by a name alone: the one circuit of that name that is defined by now, or else the handle's own. */
  resolve(named: Definition): Definition {
    const defined = this.#of(named.name).filter(({ status }) => status === "defined");
    return defined.length === 1 && named.options.store === undefined ? (defined[0] ?? named) : named;
  }

  /** @throws {TypeError} if they differ and this can't be a reload. */
  #join(known: Definition, timeout: Duration | undefined, options: FailfastOptions): void {
    const defaults = this.#defaults();
    const difference = differenceOf(known, timeout, options, defaults);
    const [first, fresh] = [sharedOf(known.options), sharedOf(options)];
    // A check is judged by the options it was given with.
    const gives = options.recovery !== undefined;
    if (difference === undefined) {
      const judging = gives && first.recovery === undefined ? options : known.options;
      if (!known.called) known.options = { ...judging, ...fresh, ...first };
    } else if (reloads()) {
      known.options = { ...(gives ? options : known.options), ...first, ...fresh };
      known.timeout = timeout ?? known.timeout;
      this.#warnOnce(
        known.name,
        `${explainDifference(known.name, difference)}: the newest is valid, since this is development`,
      );
    } else {
      throw new TypeError(
        `${explainDifference(known.name, difference)}: leave it out, or make them equal; circuit.update() changes it while it runs`,
      );
    }
    known.timeout ??= timeout;
    known.status = "defined";
    if (difference !== undefined || !known.called) this.#redefined(known);
  }

  /** Without a store: the one circuit of that name, in whichever store it is. */
  #find(name: string, given: Store | undefined): Definition | undefined {
    const all = this.#of(name);
    const { store } = this.#defaults();
    const own = all.find((each) => (each.options.store ?? store) === (given ?? store));
    if (own?.status === "defined" || given !== undefined) return own;
    const defined = all.filter(({ status }) => status === "defined");
    if (defined.length > 1) {
      throw new TypeError(
        `there are ${defined.length} circuits ${formatValue(name)}, in different stores: name the store`,
      );
    }
    return defined[0] ?? own;
  }

  #of(name: string): readonly Definition[] {
    const first = this.#byName.get(name);
    return first === undefined ? [] : [first, ...(this.#inOtherStores.get(name) ?? [])];
  }

  #add(definition: Definition): Definition {
    const { name } = definition;
    if (this.#byName.has(name)) this.#inOtherStores.set(name, [...this.#of(name).slice(1), definition]);
    else this.#byName.set(name, definition);
    if (++this.#names === MANY_NAMES)
      warn(
        "FAILFAST_NAMES",
        `failfast was given ${MANY_NAMES} names as strings, the last one ${formatValue(name)}, and each is kept for good. If names come from data, give a function of the call's arguments, which keeps maxCircuits of them: failfast((id) => "user:" + id, 60)`,
      );
    return definition;
  }

  #warnOnce(name: string, message: string): void {
    if (this.#warnedOf.has(name)) return;
    this.#warnedOf.add(name);
    warn("FAILFAST_REDEFINED", message);
  }
}
