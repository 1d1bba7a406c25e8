import type { Awaitable } from "../../options/store.js";

// Taken at load time: if a test runner faked these later, a case would wait for ever.
const { setTimeout, clearTimeout, performance } = globalThis as unknown as {
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  performance: { now(): number };
};

const POLL_MS = 5;

/** A monotonic reading, in ms. */
export function stopwatch(): number {
  return performance.now();
}

/** Asks until the answer is right or `withinMs` have passed, and returns the last answer. */
export async function eventually<T>(
  ask: () => Awaitable<T>,
  right: (answer: T) => boolean,
  withinMs: number,
): Promise<T> {
  const deadline = stopwatch() + withinMs;
  for (;;) {
    const late = stopwatch() >= deadline;
    const answer = await ask();
    if (late || right(answer)) return answer;
    await new Promise<void>((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The result of `ask`; rejects if that takes longer than `withinMs`. */
export async function answeredWithin<T>(withinMs: number, ask: () => Awaitable<T>): Promise<T> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}
