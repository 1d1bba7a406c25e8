// Not in our lock file: peers.mjs installs it in a folder of its own, and sets where that is.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.TORTURE_PEERS ?? "."}/`);
const { Cause, Effect, Exit, References, Scope } = require("effect");
const { CircuitBreaker } = require("effect/persistence");
const { version } = require("effect/package.json");

const seconds = (ms) => `${ms} millis`;

function policyOf(wanted) {
  if (wanted.rate === undefined) return CircuitBreaker.consecutive(wanted.failures ?? 1);
  return CircuitBreaker.rate({ threshold: wanted.rate, minimumCalls: wanted.minimum });
}

/** What counts as a failure, if the case sets that. */
function classifyBy(filter) {
  if (filter === undefined) return undefined;
  return (exit) => {
    if (Exit.isSuccess(exit)) return CircuitBreaker.success;
    return filter(Cause.squash(exit.cause)) ? CircuitBreaker.failure() : CircuitBreaker.ignored;
  };
}

export default {
  name: "effect",
  version,
  settings: {
    nested: { filter: (error) => !(error instanceof CircuitBreaker.CircuitBreakerError), is: "`classify`" },
  },
  make(_time, wanted) {
    const breaker = Effect.runSync(
      CircuitBreaker.make({ tripPolicy: policyOf(wanted), openDuration: seconds(wanted.open) }).pipe(
        Effect.provide(CircuitBreaker.layerStoreMemory()),
        Scope.provide(Effect.runSync(Scope.make())),
      ),
    );
    const run = (work, signal) => {
      const call = Effect.tryPromise({ try: async (aborted) => work(aborted), catch: (error) => error });
      const ended = wanted.timeout === undefined ? call : call.pipe(Effect.timeout(seconds(wanted.timeout)));
      const guarded = ended.pipe(
        breaker.execute({ key: "backend", classify: classifyBy(wanted.filter) }),
        Effect.provideService(References.UnhandledLogLevel, undefined),
      );
      return Effect.runPromise(guarded, { signal });
    };
    return {
      call: (fn, { signal } = {}) => run(fn, signal),
      wrap:
        (fn) =>
        (...args) =>
          run(() => fn(...args)),
      isRejection: (error) => error instanceof CircuitBreaker.CircuitBreakerError,
    };
  },
};
