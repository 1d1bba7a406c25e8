import { StoreTimeoutError } from "../errors/store-errors.js";
import type { Awaitable } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { detached } from "../runtime/detached.js";

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown /** No answer yet. */; readonly hangs?: boolean };

/**
 * Asks a store under our own deadline, because a client library's deadline can't be relied on; outside every async
 * context.
 *
 * `done` is called exactly once, and at once if the answer is not a promise. An answer or an error that comes after the
 * deadline goes to `late`: the answer's resources can be freed, and the store is known to be back.
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  ask: () => Awaitable<T>,
  done: (outcome: Outcome<T>) => void,
  late?: (outcome: Outcome<T>) => void,
): void {
  let answer: Awaitable<T>;
  try {
    answer = detached(ask);
  } catch (error) {
    done({ ok: false, error });
    return;
  }
  if (!isThenable(answer)) {
    done({ ok: true, value: answer });
    return;
  }
  let over = false;
  const finish = (outcome: Outcome<T>): void => {
    if (over) {
      late?.(outcome);
      return;
    }
    over = true;
    cancel();
    done(outcome);
  };
  const cancel = clock.after(ms, () => finish({ ok: false, error: new StoreTimeoutError(ms), hangs: true }));
  const asked = answer;
  detached(() =>
    Promise.resolve(asked).then(
      (value) => finish({ ok: true, value }),
      (error: unknown) => finish({ ok: false, error }),
    ),
  );
}

/** The same for a caller that waits for the answer. */
export function answerOf<T>(clock: Clock, ms: number, ask: () => Awaitable<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    withDeadline(clock, ms, ask, (outcome) => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)));
  });
}

/** If a value's `then` can't be read, it is not a promise, and is passed on as it is. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
