import type { Circuit } from "../api/circuit.js";
import { type AbortSignalLike, Caller } from "../call/reported-call.js";
import { isRejectionAlone, rejectionIn } from "../errors/failfast-error.js";
import { checkObject } from "../options/check-options.js";
import { formatValue } from "../options/format-value.js";
import { isModelFailure, OF_THE_CALLER, retryAfterOfModel } from "./model-failure.js";
import { streamed } from "./model-stream.js";
import { type ClientOptions, circuitsNamed } from "./named.js";

export { isModelFailure } from "./model-failure.js";

/** The options of `failfastModel`: those of its circuits, and these. */
export interface ModelOptions extends Omit<ClientOptions, "exceptions" | "results"> {
  /** Names the circuit of a model. Default: its provider and id, `openai.chat:gpt-5`. */
  readonly name?: (model: ModelLike) => string;
  /**
   * Which errors are failures of the model, so that the next model is asked. Default: errors without an answer;
   * statuses 408, 429, 500 and more; an answer that can't be read; and trouble with the account, whatever the status:
   * 401, 402, 403, a used-up quota or credit, a rejected key, a model that no longer exists. Any other status is an
   * answer about the request.
   */
  readonly exceptions?: (error: unknown) => boolean;
}

/** The parts of an AI SDK language model that are used, in every version of its specification. */
export interface ModelLike {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the options and results of every version of the specification
  doGenerate(options: any): PromiseLike<any>;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  doStream(options: any): PromiseLike<any>;
}

/** The parts that make it a model. */
export type GuardedModel<M extends ModelLike> = Pick<M, keyof ModelLike>;

/** The options of one call of a model. */
interface CallOptions {
  readonly abortSignal?: AbortSignalLike | undefined;
}

/**
 * Puts a circuit around a language model of the AI SDK, or around several in order of preference. If a model fails, or
 * its circuit is open, the next one is asked.
 *
 * ```ts
 * const model = failfastModel([openai("gpt-5"), anthropic("claude-sonnet-5")], { callTimeout: "20s" });
 * const { text } = await generateText({ model, prompt });
 * ```
 *
 * A stream goes to the next model only until the first words of its answer. After that, its error goes to the caller,
 * and counts as a failure of its circuit. For streams, `callTimeout` is the time to the first words.
 * `Retry-After` sets how long a circuit stays open. Trouble with the account doesn't go away by waiting, so it opens
 * the circuit for its longest time. If no model can be asked, the call rejects with the `FailfastError` of the one that
 * may be asked soonest.
 *
 * @throws {TypeError} something that is not a model, an empty list, or a wrong option; when it is made.
 */
export function failfastModel<M extends ModelLike>(
  models: M | readonly [M, ...M[]],
  options: ModelOptions = {},
): GuardedModel<M> {
  const all = (Array.isArray(models) ? models : [models]) as readonly M[];
  const [first] = all;
  if (first === undefined || all.some((model) => typeof model?.doGenerate !== "function"))
    throw new TypeError(
      `failfastModel takes a model of the AI SDK, or a list of them, at least one; this is ${formatValue(models)}`,
    );
  checkObject(options);
  const { name = nameOf, exceptions = isModelFailure, ...rest } = options;
  const circuitOf = circuitsNamed(name, rest as ClientOptions, {
    exceptions: (error) => !isRejectionAlone(error) && exceptions(error),
    retryAfter: { from: retryAfterOfModel },
  });

  /** Asks the models one after the other. */
  async function ask<T>(
    call: CallOptions,
    one: (model: M, circuit: Circuit, caller: Caller) => Promise<T>,
  ): Promise<T> {
    let failure: { readonly error: unknown } | undefined;
    let soonest: { readonly error: unknown; readonly retryAfterMs: number } | undefined;
    for (const model of all) {
      const caller = new Caller(call.abortSignal);
      try {
        return await one(model, circuitOf(model), caller);
      } catch (error) {
        if (call.abortSignal?.aborted) throw error;
        const rejection = rejectionIn(error);
        if (rejection === undefined && !exceptions(error)) throw error;
        const { retryAfterMs } = rejection ?? { retryAfterMs: 0 };
        if (rejection === undefined) failure = { error };
        else if (soonest === undefined || retryAfterMs < soonest.retryAfterMs)
          soonest = { error, retryAfterMs };
      }
    }
    throw (failure ?? soonest)?.error;
  }

  return {
    specificationVersion: first.specificationVersion,
    provider: first.provider,
    modelId: first.modelId,
    // If one of them can't fetch a URL by itself, its content is downloaded for all.
    supportedUrls: all.length === 1 ? first.supportedUrls : {},
    doGenerate: (call: CallOptions) =>
      ask(call, (model, circuit, caller) =>
        circuit.run<unknown>(
          (signal: unknown) => leaveIfUnsent(caller, model.doGenerate(withSignal(signal, caller, call))),
          { signal: caller as never },
        ),
      ),
    doStream: (call: CallOptions) =>
      ask(call, (model, circuit, caller) =>
        streamed(circuit, caller, (signal) =>
          leaveIfUnsent(caller, model.doStream(withSignal(signal, caller, call))),
        ),
      ),
  } as unknown as GuardedModel<M>;
}

const nameOf = ({ provider, modelId }: ModelLike): string => `${provider}:${modelId}`;

/** The options with the circuit's signal, if a deadline needs one; otherwise unchanged. */
const withSignal = (signal: unknown, caller: Caller, call: CallOptions): CallOptions =>
  signal === caller ? call : { ...call, abortSignal: signal as AbortSignalLike };

/** A request that was not sent counts as neither. */
async function leaveIfUnsent<T>(caller: Caller, call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (OF_THE_CALLER.has((error as { name?: unknown } | null)?.name)) caller.leave();
    throw error;
  }
}
