import { type Admission, REJECTING } from "../breaker/admission.js";
import type { CallGroup } from "../breaker/under-way.js";
import { Deadline } from "./deadline.js";
import type { Guard } from "./guard.js";
import { neverAborting } from "./never-aborting.js";
import type { CallerSignal } from "./policy.js";

/** What can be read to an end, item by item. */
export type StreamSource<T> = AsyncIterable<T> | { getReader(): Reader<T> };

interface Reader<T> {
  read(): Promise<{ done: boolean; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<unknown>;
}

/**
 * A stream that is guarded to its end: asked for when it is first read, then an error while reading is a failure,
 * and its end, or a reader's early return, a success. The first item has the call's deadline; those after it have none.
 */
export function stream<T>(
  guard: Guard,
  open: (signal: never) => StreamSource<T> | PromiseLike<StreamSource<T>>,
  signal: CallerSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const { policy } = guard;
  const enabled = policy.enabled === true || policy.enabled();
  return enabled ? guarded(guard, open, signal) : unguarded(open, signal);
}

async function* unguarded<T>(
  open: (signal: never) => StreamSource<T> | PromiseLike<StreamSource<T>>,
  signal: CallerSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  yield* each(await open((signal ?? neverAborting()) as never));
}

async function* guarded<T>(
  guard: Guard,
  open: (signal: never) => StreamSource<T> | PromiseLike<StreamSource<T>>,
  signal: CallerSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal?.aborted) throw signal.reason;
  const admitted = await guard.admit(true);
  if (signal?.aborted) {
    if (admitted !== undefined) guard.recordOutcome(admitted, "neither");
    throw signal.reason;
  }
  const shadow = guard.breaker.settings.mode === "shadow";
  const error = admitted === undefined ? guard.rejection() : undefined;
  if (error !== undefined && !shadow) {
    if (guard.policy.fallback === undefined) throw error;
    yield* each((await guard.policy.fallback.call(undefined, error)) as StreamSource<T>);
    return;
  }
  yield* new GuardedStream(guard, admitted ?? REJECTING, signal, open).items();
}

/** One stream that was admitted under a admission. */
class GuardedStream<T> {
  readonly #guard: Guard;
  readonly #admission: Admission;
  readonly #signal: CallerSignal | undefined;
  readonly #open: (signal: never) => StreamSource<T> | PromiseLike<StreamSource<T>>;
  #source: AsyncIterator<T> | undefined;
  #judged = false;
  #slow = false;
  /** Until its first item: from then on it is no call that hangs. */
  #waiting: CallGroup | undefined;
  #call: CallGroup | undefined;

  constructor(
    guard: Guard,
    admission: Admission,
    signal: CallerSignal | undefined,
    open: (signal: never) => StreamSource<T> | PromiseLike<StreamSource<T>>,
  ) {
    this.#guard = guard;
    this.#admission = admission;
    this.#signal = signal;
    this.#open = open;
  }

  async *items(): AsyncGenerator<T, void, undefined> {
    try {
      let item = await this.#first();
      this.#slow = this.#guard.isSlow(this.#answered());
      while (!item.done) {
        yield item.value;
        item = await this.#next();
      }
    } finally {
      if (!this.#judged) {
        const countedAtMs = this.#counted()?.countedAtMs;
        this.#guard.recordOutcome(this.#admission, "success", undefined, this.#slow, countedAtMs);
      }
      void this.#letGo();
    }
  }

  /** Opens the stream and reads its first item, all of it under the deadline of a call. */
  async #first(): Promise<IteratorResult<T>> {
    const { callTimeout } = this.#guard.policy;
    const { clock } = this.#guard.breaker.session;
    const deadline = callTimeout === 0 ? undefined : new Deadline(clock, callTimeout, this.#signal);
    this.#call = this.#waiting = this.#guard.begin(this.#admission);
    if (this.#call !== undefined) this.#guard.breaker.underWay.add(this.#call);
    const read = async (): Promise<IteratorResult<T>> => {
      this.#source = iterate(
        await this.#open((deadline?.signal ?? this.#signal ?? neverAborting()) as never),
      );
      // The deadline passed while it was being opened.
      if (this.#judged) void this.#letGo();
      return this.#source.next();
    };
    if (deadline === undefined) return read().catch((error: unknown) => this.#threw(error));
    return (await deadline.watch(read(), (ended) => {
      if (ended.how === "value") return ended.value;
      if (ended.how !== "timeout") return this.#threw(ended.error);
      this.#judged = true;
      this.#guard.failed(this.#admission, ended.error, true, this.#answered(), ended.began, ended.lateMs);
      throw ended.error;
    })) as IteratorResult<T>;
  }

  async #next(): Promise<IteratorResult<T>> {
    try {
      return await (this.#source as AsyncIterator<T>).next();
    } catch (error) {
      return this.#threw(error);
    }
  }

  #threw(error: unknown): never {
    this.#judged = true;
    this.#guard.threw(this.#admission, error, this.#signal, this.#answered() ?? this.#counted());
    throw error;
  }

  /** The call, when what it waits for has come, or never will; `undefined` from then on. */
  #answered(): CallGroup | undefined {
    const call = this.#waiting;
    this.#waiting = undefined;
    if (call !== undefined) call.underWay--;
    return call;
  }

  /** The call, where it was counted as slow before its first item came. */
  #counted(): CallGroup | undefined {
    return this.#call?.countedAtMs === undefined ? undefined : this.#call;
  }

  async #letGo(): Promise<void> {
    try {
      await this.#source?.return?.();
    } catch {
      // It has been judged already.
    }
  }
}

/** An iterator need not be iterable itself. */
const each = <T>(readable: StreamSource<T>): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => iterate(readable),
});

function iterate<T>(readable: StreamSource<T>): AsyncIterator<T> {
  const { [Symbol.asyncIterator]: iterator, getReader } = (readable ?? {}) as {
    [Symbol.asyncIterator]?: () => AsyncIterator<T>;
    getReader?: () => Reader<T>;
  };
  if (typeof iterator === "function") return iterator.call(readable);
  if (typeof getReader === "function") return byReader(getReader.call(readable));
  throw new TypeError(
    "stream() takes a function that gives an async iterable or a ReadableStream, or a promise of one",
  );
}

async function* byReader<T>(reader: Reader<T>): AsyncGenerator<T, void, undefined> {
  let over = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      over = done;
      if (done) return;
      yield value as T;
    }
  } finally {
    if (!over) await reader.cancel().catch(() => undefined);
  }
}
