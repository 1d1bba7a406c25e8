import { type Admission, REJECTING } from "../breaker/admission.js";
import type { CallGroup } from "../breaker/under-way.js";
import type { CallerSignal } from "./call-policy.js";
import { Deadline } from "./deadline.js";
import type { Guard } from "./guard.js";
import { needsNew } from "./handlers.js";
import { neverAborting } from "./never-aborting.js";
import { isSlow, recordFailure, recordRejection, recordSuccess, recordThrown } from "./record-outcome.js";
import { Silence } from "./silence.js";
import { iterate, NoStreamError, type StreamSource } from "./stream-source.js";

type Open<T> = (signal: never) => StreamSource<T> | PromiseLike<StreamSource<T>>;
type Items<T> = AsyncGenerator<T, void, undefined>;

/**
 * A stream that is guarded to its end. It is opened when it is first read. An error while reading is a failure; its
 * end, or a reader that stops early, is a success. The first item has the call's deadline. After that, the silence
 * between two items is limited.
 */
export function stream<T>(guard: Guard, open: Open<T>, signal: CallerSignal | undefined): Items<T> {
  const { policy } = guard;
  const enabled = policy.enabled === true || policy.enabled();
  if (!enabled) return unguarded(open, signal);
  let source: GuardedStream<T> | undefined;
  const items = guarded(guard, open, signal, (admitted) => {
    source = admitted;
  });
  const end = items.return.bind(items);
  // A generator ends only at an item. A reader that leaves while it waits for the next item must leave at once.
  items.return = (value) => {
    source?.leave();
    return end(value);
  };
  return items;
}

async function* unguarded<T>(open: Open<T>, signal: CallerSignal | undefined): Items<T> {
  yield* each(await open((signal ?? neverAborting()) as never));
}

async function* guarded<T>(
  guard: Guard,
  open: Open<T>,
  signal: CallerSignal | undefined,
  begin: (stream: GuardedStream<T>) => void,
): Items<T> {
  if (signal?.aborted) throw signal.reason;
  const admitted = await guard.enter(true);
  if (signal?.aborted) {
    if (admitted !== undefined) guard.breaker.released(admitted);
    throw signal.reason;
  }
  const shadow = guard.breaker.settings.mode === "shadow";
  const error = admitted === undefined ? recordRejection(guard) : undefined;
  if (error !== undefined && !shadow) {
    if (guard.policy.fallback === undefined) throw error;
    yield* each((await guard.policy.fallback.call(undefined, error)) as StreamSource<T>);
    return;
  }
  const stream = new GuardedStream(guard, admitted ?? REJECTING, signal, open);
  begin(stream);
  yield* stream.items();
}

/** One stream that was admitted. */
class GuardedStream<T> {
  readonly #guard: Guard;
  readonly #admission: Admission;
  readonly #signal: CallerSignal | undefined;
  readonly #open: Open<T>;
  /** The deadline of the first item. Its signal is the stream's own, to the end. */
  readonly #deadline: Deadline | undefined;
  readonly #silence: Silence | undefined;
  #source: AsyncIterator<T> | undefined;
  /** Ends the wait for the next item. */
  #waiting: { end(): void; fail(error: unknown): void } | undefined;
  /** Its first item has come. */
  #begun = false;
  #judged = false;
  #slow = false;
  #call: CallGroup | undefined;
  /** Its first item has come, or never will. From then on it is not a call that may hang. */
  #answered = false;

  constructor(guard: Guard, admission: Admission, signal: CallerSignal | undefined, open: Open<T>) {
    this.#guard = guard;
    this.#admission = admission;
    this.#signal = signal;
    this.#open = open;
    const { callTimeout, idleTimeout } = guard.policy;
    const { clock } = guard.breaker.session;
    if (callTimeout > 0 || idleTimeout > 0)
      this.#deadline = new Deadline(clock, callTimeout, signal, "first-item");
    if (idleTimeout > 0)
      this.#silence = new Silence(clock, idleTimeout, ({ error, since }) => {
        this.#judged = true;
        // The source may not have noticed that its caller gave up.
        if (signal?.aborted) recordThrown(guard, admission, error, signal, this.#counted());
        else recordFailure(guard, admission, error, true, this.#counted(), since);
        this.#waiting?.fail(error);
        this.#deadline?.abort(error);
      });
  }

  async *items(): Items<T> {
    try {
      let item = await Promise.race([this.#first(), this.#left()]);
      this.#waiting = undefined;
      this.#begun = true;
      this.#slow = isSlow(this.#guard.breaker, this.#answer());
      while (!item.done) {
        yield item.value;
        item = await this.#next();
      }
    } finally {
      this.#end();
    }
  }

  /**
   * The reader leaves, perhaps while it waits for an item. Before the first item that says nothing about the backend.
   */
  leave(): void {
    if (this.#waiting === undefined) return;
    this.#waiting.end();
    if (!this.#begun) {
      this.#judged = true;
      this.#answer();
      this.#guard.breaker.released(this.#admission);
    }
    this.#end();
    this.#deadline?.abort(new Error("the reader of the stream has left"));
  }

  #left(): Promise<IteratorResult<T>> {
    return new Promise((resolve) => {
      const end = (): void => resolve({ done: true, value: undefined });
      this.#waiting = { end, fail: end };
    });
  }

  /** Opens the stream and reads its first item, all under the deadline of one call. */
  async #first(): Promise<IteratorResult<T>> {
    const deadline = this.#deadline;
    this.#call = this.#guard.begin(this.#admission);
    if (this.#call !== undefined) this.#guard.breaker.underWay.add(this.#call);
    const read = async (): Promise<IteratorResult<T>> => {
      this.#source = iterate(
        await this.#open((deadline?.signal ?? this.#signal ?? neverAborting()) as never),
      );
      // The deadline passed while the stream was being opened.
      if (this.#judged) void this.#letGo();
      return this.#source.next();
    };
    const { breaker } = this.#guard;
    const first = breaker.sampler === undefined ? read() : breaker.sampler.time(breaker, read);
    if (deadline === undefined) return first.catch((error: unknown) => this.#threw(error));
    return (await deadline.watch(first, (ended) => {
      if (ended.how === "value") return ended.value;
      if (ended.how !== "timeout" || this.#judged) return this.#threw(ended.error);
      this.#judged = true;
      recordFailure(
        this.#guard,
        this.#admission,
        ended.error,
        true,
        this.#answer(),
        ended.began,
        ended.lateMs,
      );
      throw ended.error;
    })) as IteratorResult<T>;
  }

  #next(): Promise<IteratorResult<T>> {
    this.#silence?.wait();
    return new Promise<IteratorResult<T>>((resolve, reject) => {
      this.#waiting = { end: () => resolve({ done: true, value: undefined }), fail: reject };
      const finish = (deliver: () => void): void => {
        this.#waiting = undefined;
        this.#silence?.rest();
        deliver();
      };
      const failed = (error: unknown): void =>
        finish(() => {
          if (!this.#judged) this.#judge(error);
          reject(error);
        });
      try {
        Promise.resolve((this.#source as AsyncIterator<T>).next()).then(
          (item) => finish(() => resolve(item)),
          failed,
        );
      } catch (error) {
        failed(error);
      }
    });
  }

  #threw(error: unknown): never {
    if (!this.#judged) this.#judge(error);
    throw error;
  }

  #judge(error: unknown): void {
    this.#judged = true;
    if (error instanceof NoStreamError || needsNew(this.#open, error)) {
      this.#answer();
      this.#guard.breaker.released(this.#admission);
    } else recordThrown(this.#guard, this.#admission, error, this.#signal, this.#answer() ?? this.#counted());
  }

  /** The call, until its first item has come or never will; `undefined` after that. */
  #answer(): CallGroup | undefined {
    if (this.#answered || this.#call === undefined) return undefined;
    this.#answered = true;
    this.#call.underWay--;
    return this.#call;
  }

  /** The call, if it was counted as slow before its first item came. */
  #counted(): CallGroup | undefined {
    return this.#call?.countedAtMs === undefined ? undefined : this.#call;
  }

  #end(): void {
    if (!this.#judged) {
      const countedAtMs = this.#counted()?.countedAtMs;
      recordSuccess(this.#guard.breaker, this.#admission, undefined, this.#slow, countedAtMs);
    }
    this.#judged = true;
    this.#silence?.end();
    void this.#letGo();
  }

  async #letGo(): Promise<void> {
    try {
      await this.#source?.return?.();
    } catch {
      // It has already been judged.
    }
  }
}

/** An iterator need not be iterable itself. */
const each = <T>(readable: StreamSource<T>): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => iterate(readable),
});
