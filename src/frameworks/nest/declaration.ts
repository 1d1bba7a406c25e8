import type { AnyFunction } from "../../call/wrap.js";
import {
  type Circuit,
  type Circuits,
  type Duration,
  type Failfast,
  type FailfastOptions,
  failfast as shared,
} from "../../index.js";
import { formatValue } from "../../options/format-value.js";
import { isFailure } from "./failures.js";
import { failfastOf } from "./instances.js";

type Name = string | ((...args: never[]) => string);

/** A circuit that a part of an application asks for. The `failfast` of the running application makes it. */
export class Declaration {
  readonly timeout: Duration | undefined;
  readonly #name: Name;
  readonly #options: FailfastOptions | undefined;
  readonly #made = new WeakMap<Failfast, Circuit | Circuits>();

  constructor(name: Name, timeout: Duration | undefined, options: FailfastOptions | undefined) {
    this.#name = name;
    this.timeout = timeout;
    this.#options = options;
  }

  /** @throws what `failfast(name, timeout, options)` throws. */
  circuit(failfast: Failfast): Circuit | Circuits {
    let made = this.#made.get(failfast);
    if (made === undefined) {
      // Without the module, as in a unit test, the same errors count as with it.
      const options = failfast === shared ? { exceptions: isFailure, ...this.#options } : this.#options;
      made = failfast(this.#name as string, this.timeout as Duration, options);
      this.#made.set(failfast, made);
    }
    return made;
  }

  /** @throws {RangeError} a name alone that none of these circuits has, since every call of the method would fail. */
  checkTime(names: ReadonlySet<string>): void {
    if (typeof this.#name === "string" && !names.has(this.#name))
      throw new RangeError(
        `nobody gives the circuit ${formatValue(this.#name)} a time: give it once, as in @Failfast(${formatValue(this.#name)}, 60), or a default in FailfastModule.forRoot({ timeout: 60 })`,
      );
  }

  /** The method as it goes through a circuit of its instance's application. */
  wrap(method: AnyFunction): AnyFunction {
    const wrapped = new WeakMap<Failfast, AnyFunction>();
    let last: Failfast | undefined;
    let call = method;
    const declaration = this;
    const guarded = function (this: unknown): unknown {
      const failfast = failfastOf(this);
      if (failfast !== last) {
        call = wrapped.get(failfast) ?? declaration.circuit(failfast)(method);
        wrapped.set(failfast, call);
        last = failfast;
      }
      return call.apply(this, arguments as unknown as unknown[]);
    };
    Object.defineProperty(guarded, "name", { value: method.name, configurable: true });
    Object.defineProperty(guarded, "length", { value: method.length, configurable: true });
    return guarded;
  }
}

const declared = new WeakMap<object, Declaration[]>();

/** `where`: the prototype of a class, or the factory of a provider. */
export function declare(where: object, declaration: Declaration): void {
  declared.set(where, [...(declared.get(where) ?? []), declaration]);
}

/** What an object, its class and the classes it extends declare. */
export function* declarationsOf(where: object): Generator<Declaration> {
  for (let link: object | null = where; link !== null; link = Object.getPrototypeOf(link))
    yield* declared.get(link) ?? [];
}
