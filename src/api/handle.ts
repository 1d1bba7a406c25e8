import type { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import type { FailfastEventName, FailfastListener, Subscription } from "../events/event-types.js";
import type { CircuitUpdate, FailfastOptions } from "../options/options.js";
import type { GuardSource } from "./circuit.js";
import type { Definition } from "./definition.js";

/** What a handle needs of its `failfast`. */
export interface HandleOwner {
  readonly returns: "promise" | "value" | undefined;
  /** For a handle by a name alone: the circuit that has that name by now. */
  resolve(named: Definition): Definition;
  /** @throws {RangeError} if nobody has given its time. */
  guard(definition: Definition, options: FailfastOptions): Guard;
  /** `options`: the handle's own, since `enabled` belongs to the handle. */
  look(definition: Definition, options: FailfastOptions): Breaker | undefined;
  operated(definition: Definition): Breaker;
  /** Called when something is guarded by it. */
  claim(definition: Definition): void;
  update(definition: Definition, options: CircuitUpdate, handle: FailfastOptions): void;
  listen<E extends FailfastEventName>(
    event: E,
    listener: FailfastListener<E>,
    name: string,
    definition: () => Definition,
  ): Subscription;
}

/** What one `failfast(name, …)` returned: the circuit's definition, and the handle's own options. */
export class Handle implements GuardSource {
  readonly fixed = true;
  readonly name: string;
  readonly #owner: HandleOwner;
  readonly #given: Definition;
  readonly #options: FailfastOptions;
  #guard: Guard | undefined;

  constructor(owner: HandleOwner, definition: Definition, options: FailfastOptions) {
    this.name = definition.name;
    this.#owner = owner;
    this.#given = definition;
    this.#options = options;
  }

  get #definition(): Definition {
    return this.#given.status === "defined" ? this.#given : this.#owner.resolve(this.#given);
  }

  get returns(): "promise" | "value" | undefined {
    return this.#options.returns ?? this.#owner.returns;
  }

  get known(): boolean {
    return this.#definition.status === "defined";
  }

  claim(): void {
    this.#owner.claim(this.#definition);
  }

  guard(): Guard {
    this.#guard ??= this.#owner.guard(this.#definition, this.#options);
    return this.#guard;
  }

  breaker(): Breaker | undefined {
    return this.#owner.look(this.#definition, this.#options);
  }

  operated(): Breaker {
    return this.#owner.operated(this.#definition);
  }

  update(options: CircuitUpdate): void {
    this.#owner.update(this.#definition, options, this.#options);
  }

  on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): Subscription {
    return this.#owner.listen(event, listener, this.name, () => this.#definition);
  }
}
