import { StoreTimeoutError } from "../errors/store-errors.js";
import type { Awaitable } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { detached } from "../runtime/detached.js";

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown /** No answer yet. */; readonly hangs?: boolean };

/**
 * Asks a store under a deadline of our own, for no client library's is to be trusted, and in nobody's async context.
 *
 * `done` is called exactly once, and at once when the answer is no promise. What comes after the deadline, an
 * answer or an error, goes to `late`: what an answer holds can be let go, and the store is known to be back.
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

/** A value whose `then` can't be read is none: it is handed on as it is. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
