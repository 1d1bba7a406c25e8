// A circuit around an effect: its failures count, an interruption doesn't, and the fleet shares the state.
import { Cause, Effect, Exit } from "effect";
import { failfast } from "failfast";

/** Runs the effect through the circuit. It fails with its own failure, or with the circuit's `FailfastError` or `TimeoutError`. */
export const guarded = (circuit) => (effect) =>
  Effect.gen(function* () {
    const services = yield* Effect.context();
    let exit, thrown;
    const block = async (signal) => {
      exit = await Effect.runPromiseExitWith(services)(effect, { signal });
      if (Exit.isSuccess(exit)) return exit.value;
      thrown = Cause.squash(exit.cause);
      throw thrown;
    };
    const outcome = (error) => (error === thrown ? exit : Exit.fail(error));
    return yield* yield* Effect.promise((signal) =>
      circuit.run(block, { signal }).then(Exit.succeed, outcome),
    );
  });

const salesApi = failfast("sales_api", 60);
const invoices = guarded(salesApi)(Effect.fail(new Error("the backend is down")));
const told = invoices.pipe(Effect.catch((error) => Effect.succeed(error.message)));

console.log(await Effect.runPromise(told));
console.log(await Effect.runPromise(told));
