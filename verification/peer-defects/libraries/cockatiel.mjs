import { readFileSync } from "node:fs";
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  handleWhen,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";

const manifest = new URL("../../../node_modules/cockatiel/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));

export default {
  name: "cockatiel",
  version,
  settings: {
    aborts: { filter: (error) => error?.name !== "AbortError", is: "`handleWhen`" },
    nested: { filter: (error) => !(error instanceof BrokenCircuitError), is: "`handleWhen`" },
  },
  make(_time, wanted) {
    const breaker =
      wanted.rate === undefined
        ? new ConsecutiveBreaker(wanted.failures ?? 1)
        : new SamplingBreaker({
            threshold: wanted.rate,
            duration: wanted.window,
            minimumRps: (wanted.minimum * 1_000) / wanted.window,
          });
    const circuit = circuitBreaker(wanted.filter ? handleWhen(wanted.filter) : handleAll, {
      halfOpenAfter: wanted.open,
      breaker,
    });
    const policy = wanted.timeout
      ? wrap(circuit, timeout(wanted.timeout, TimeoutStrategy.Aggressive))
      : circuit;
    const call = (fn, { signal } = {}) => policy.execute((context) => fn(context.signal), signal);
    return {
      call,
      wrap:
        (fn) =>
        (...args) =>
          policy.execute(() => fn(...args)),
      isRejection: (error) => error instanceof BrokenCircuitError,
      onOpen: (listener) => void circuit.onBreak(listener),
    };
  },
};
