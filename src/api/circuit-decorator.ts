// biome-ignore lint/suspicious/noExplicitAny: the one type that every function and method fits, whatever its `this`
export type Guardable = (this: any, ...args: any[]) => unknown;

/** A result of type `V`, or what the fallback gives in its place. */
type OrFallback<V, R> = [V] extends [never]
  ? R
  : V extends PromiseLike<infer P>
    ? Promise<P | Awaited<R>>
    : V | R;

/**
 * Whether a plain promise can be given in place of a result. It can't for a promise with methods of its own (of a client
 * of OpenAI's, `got` or `execa`), or for a query that runs when it is awaited.
 */
type TakesPromise<V> = [V] extends [never]
  ? true
  : [V] extends [PromiseLike<infer P>]
    ? [Promise<P>] extends [V]
      ? true
      : false
    : true;

/**
 * The type of a guarded function: its own type, unless the fallback gives something else, or its promises can do more
 * than a plain promise, which is what a guarded function gives. Other properties of the function are left out of the
 * type, because they would go around the circuit.
 */
export type Guarded<F extends Guardable, R> = [keyof F, TakesPromise<ReturnType<F>>] extends [never, true]
  ? [Awaited<R>] extends [Awaited<ReturnType<F>>]
    ? F
    : (this: ThisParameterType<F>, ...args: Parameters<F>) => OrFallback<ReturnType<F>, R>
  : (this: ThisParameterType<F>, ...args: Parameters<F>) => OrFallback<ReturnType<F>, R>;

/** A method whose type a decorator can keep: its result may be what the fallback gives. */
type Admits<F extends Guardable, R> = [Awaited<R>] extends [Awaited<ReturnType<F>>]
  ? unknown
  : { readonly "the method's result does not include what the fallback gives": R };

/** The arguments of a function; `A` if its type is `any`. */
type ArgumentsOf<F extends Guardable, A extends readonly unknown[]> = 0 extends 1 & F ? A : Parameters<F>;

/** A function whose arguments can be given to the function that names its circuit, which takes `A`. */
type Named<F extends Guardable, A extends readonly unknown[]> = ((...args: A) => unknown) extends (
  ...args: ArgumentsOf<F, A>
) => unknown
  ? unknown
  : { readonly "the function that names the circuit does not take these arguments": A };

/**
 * What a fallback adds to the results. If its type is `any` or `unknown`, it adds nothing that the compiler could
 * check.
 */
export type FallbackResult<R> = unknown extends R ? never : R;

/**
 * A circuit as a decorator and a wrapper. The decorated or wrapped function keeps its type.
 *
 * `R`: what its fallback gives. `T`: the class whose methods it decorates. `A`: the arguments that name the circuit.
 */
// biome-ignore lint/suspicious/noExplicitAny: a decorator is told its class by its context, whatever that is
export interface CircuitDecorator<R = never, T = any, A extends readonly unknown[] = any> {
  /** Decorates a method, as a standard (TC39) decorator. */
  <F extends Guardable>(
    method: F & Admits<F, R> & Named<F, A>,
    context: ClassMethodDecoratorContext<T, F>,
  ): F;
  /** Decorates a method, as a legacy (`experimentalDecorators`) decorator. */
  <F extends Guardable>(
    target: T & object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & Admits<F, R> & Named<F, A>,
  ): TypedPropertyDescriptor<F>;
  /**
   * Wraps a function: the same signature, the same `this`, name and length. Wrap once, or use `run` for a call made on
   * the spot, because the first call of each wrapper costs more.
   */
  <F extends Guardable>(fn: F & Named<F, A>, context?: undefined): Guarded<F, R>;
}
