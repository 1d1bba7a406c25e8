import type { StoreSession } from "../breaker/store-session.js";
import { Events } from "../events/events.js";
import { checkOptions } from "../options/check-options.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { enabledByEnvironment } from "../options/enabled.js";
import { formatValue, isClass } from "../options/format-value.js";
import { type FailfastDefaults, type FailfastOptions, NO_OPTIONS } from "../options/options.js";
import { refuseContradictions } from "../policy/contradictions.js";
import { mergeOptions, resolveSettings } from "../policy/resolve-settings.js";
import type { FleetCircuit } from "../report/fleet-circuits.js";
import type { Reporter } from "../report/reporter.js";
import type { Clock } from "../runtime/clock.js";
import { warn } from "../runtime/platform.js";
import { Breakers } from "./breakers.js";
import type { Circuit } from "./circuit.js";
import { type Circuits, circuitNamed, makeCircuits } from "./circuits.js";
import { DefinedCircuits } from "./defined-circuits.js";
import { type LintFinding, lintBreaker } from "./lint.js";
import { NamedCircuits } from "./named-circuits.js";
import { StoreSessions } from "./store-sessions.js";

/** From this many functions that name circuits on, the process is warned: each is kept for good. */
const MANY_FUNCTIONS = 1_000;

/** What the circuits of one `failfast` have in common: their names, defaults, stores and listeners. */
export class Registry {
  readonly events: Events = new Events(() => {
    for (const breaker of this.#sessions.breakers()) breaker.renewAdmission();
  });
  readonly #sessions: StoreSessions = new StoreSessions(this.events, () => this.#defaults);
  readonly #breakers: Breakers = new Breakers(this.#sessions, () => this.#defaults);
  readonly #defined: DefinedCircuits = new DefinedCircuits(
    this.#sessions,
    this.#breakers,
    this.events,
    () => this.#defaults,
  );
  /** One for each function that names circuits. */
  readonly #named: NamedCircuits[] = [];
  #defaults: FailfastDefaults;

  constructor(defaults: FailfastDefaults | undefined) {
    this.#defaults = checkDefaults(defaults);
  }

  circuit(name: unknown, timeout: Duration | undefined, given: FailfastOptions | undefined): Circuit {
    if (typeof name !== "string") throw noName(name);
    const options = checkGiven(given);
    if (timeout !== undefined) milliseconds("timeout", timeout);
    return this.#defined.circuit(name, timeout, options);
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
    const named = new NamedCircuits(this.#breakers, this.events, () => this.#defaults, {
      timeout: time,
      options,
    });
    named.settings();
    if (this.#named.push(named) === MANY_FUNCTIONS)
      warn(
        "FAILFAST_NAMES",
        `failfast was given ${MANY_FUNCTIONS} functions that name circuits, and each is kept for good: make one where the module is loaded, not in each request`,
      );
    return makeCircuits(nameOf, named);
  }

  configure(given: FailfastDefaults): void {
    const called = this.#defined.called();
    for (const { guards } of this.#named) called.push(...guards.called());
    if (called.length > 0) {
      throw new Error(
        `configure() comes too late for circuits that have been called: ${called.map(formatValue).join(", ")}`,
      );
    }
    const defaults = checkDefaults(mergeOptions(this.#defaults, checkDefaults(given)));
    this.#defined.check(defaults);
    for (const named of this.#named) named.settings(defaults);
    const { store, clock, host } = this.#defaults;
    const renews = defaults.store !== store || defaults.clock !== clock || defaults.host !== host;
    const applications = [...this.#named.map((named) => named.forget()), this.#defined.forget(renews)];
    this.#defaults = defaults;
    if (renews) this.#sessions.renew();
    for (const apply of applications) apply();
  }

  /** The clock that was given, if any. */
  get clock(): Clock | undefined {
    return this.#defaults.clock;
  }

  *all(): IterableIterator<Circuit> {
    yield* this.#defined.all();
    for (const named of this.#named) for (const name of named.guards.names()) yield circuitNamed(name, named);
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
    this.#defined.openSessions();
  }
}

const noName = (given: unknown): TypeError =>
  new TypeError(
    `the circuit's name is ${formatValue(given)}: it takes a string, or a function of the call's arguments`,
  );

function checkDefaults(given: FailfastDefaults | undefined): FailfastDefaults {
  const defaults = checkOptions(given, "failfast");
  refuseContradictions(defaults, defaults);
  if (defaults.timeout !== undefined) resolveSettings(defaults.timeout, defaults, NO_OPTIONS);
  return defaults;
}

function checkGiven(given: FailfastOptions | undefined): FailfastOptions {
  // So that the error comes where the circuit is made, and not at its first call.
  enabledByEnvironment();
  return checkOptions(given, "circuit");
}
