import { createFailfast, type FailfastOptions } from "failfast";
import { type ManualClock, manualClock } from "failfast/testing";

export interface Hanging {
  readonly done: Promise<unknown>;
  succeed(): void;
  fail(error?: unknown): void;
}

/** Ways to make one call that hangs until the test says how it ends. */
export const WAYS = {
  "a wrapped function": (circuit) => {
    const { promise, ends } = held();
    return { ...ends, done: circuit.hanging(() => promise) };
  },
  ".run": (circuit) => {
    const { promise, ends } = held();
    return { ...ends, done: circuit.circuit.run(() => promise) };
  },
  ".run with a caller's signal": (circuit) => {
    const { promise, ends } = held();
    return { ...ends, done: circuit.circuit.run(() => promise, { signal: new AbortController().signal }) };
  },
  ".stream, until its first item": (circuit) => {
    const { promise, ends } = held();
    const items = circuit.circuit.stream(async function* () {
      yield await promise;
    });
    const read = async () => {
      for await (const _ of items);
    };
    return { ...ends, done: read() };
  },
} satisfies Record<string, (circuit: Alone) => Hanging>;

function held(): { promise: Promise<unknown>; ends: Omit<Hanging, "done"> } {
  let succeed: (value?: unknown) => void = () => undefined;
  let fail: (error?: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    succeed = () => resolve("answer");
    fail = (error = new Error("down")) => reject(error);
  });
  return { promise, ends: { succeed, fail } };
}

export type Alone = ReturnType<typeof alone>;

export function alone(options: FailfastOptions, clock: ManualClock = manualClock()) {
  const failfast = createFailfast({ clock });
  const circuit = failfast("backend", 30, options);
  const guarded = circuit(async (work: () => Promise<unknown>) => work());
  return { clock, failfast, circuit, hanging: (work: () => Promise<unknown>) => guarded(work) };
}

/** Their failures are no unhandled rejections. */
export const quiet = (calls: Hanging[]): Hanging[] => {
  for (const { done } of calls) done.catch(() => undefined);
  return calls;
};

/** Half of four calls. */
export const OPTIONS: FailfastOptions = {
  slowCall: "200ms",
  slowCallRate: 0.5,
  minimumCalls: 4,
  threshold: 100,
};
