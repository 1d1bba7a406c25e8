import { Context, Effect, Exit, Fiber } from "effect";
import { afterAll, describe, expect, test, vi } from "vitest";
import { type Circuit, createFailfast, FailfastError, TimeoutError } from "../../src/index.js";

// The example prints what it does.
const print = vi.spyOn(console, "log").mockImplementation(() => {});
type Guarded = (
  circuit: Circuit,
) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, unknown, R>;
const example = new URL("../../examples/effect.mjs", import.meta.url).href;
const { guarded } = (await import(example)) as { readonly guarded: Guarded };
const printed = print.mock.calls.flat();
print.mockRestore();

const failfast = createFailfast();
afterAll(() => failfast.close());

describe("Effect, through the example", () => {
  test("prints the failure, then the rejection", () => {
    expect(printed).toEqual([
      "the backend is down",
      expect.stringContaining('circuit "sales_api" is open; the call was not made'),
    ]);
  });

  test("passes a value, a typed error and a defect through, and counts the last two as failures", async () => {
    const salesApi = failfast("outcomes", 60, { threshold: 3 });
    const error = { _tag: "OutOfStock" };
    expect(await Effect.runPromise(guarded(salesApi)(Effect.succeed(7)))).toBe(7);
    expect(await Effect.runPromise(Effect.flip(guarded(salesApi)(Effect.fail(error))))).toBe(error);
    expect(await Effect.runPromise(Effect.flip(guarded(salesApi)(Effect.fail(error))))).toBe(error);
    const died = await Effect.runPromiseExit(guarded(salesApi)(Effect.die(new Error("defect"))));
    expect(Exit.isFailure(died)).toBe(true);
    expect(await Effect.runPromise(Effect.flip(guarded(salesApi)(Effect.succeed(7))))).toBeInstanceOf(
      FailfastError,
    );
  });

  test("does not count an error that the circuit's exceptions leave out", async () => {
    const salesApi = failfast("exceptions", 60, { exceptions: (error) => Object(error)._tag !== "NotFound" });
    await Effect.runPromise(Effect.flip(guarded(salesApi)(Effect.fail({ _tag: "NotFound" }))));
    expect(salesApi.state).toBe("closed");
  });

  test("gives the effect the services of its caller", async () => {
    const Region = Context.Service<{ readonly name: string }>("Region");
    const asked = Effect.map(Region, ({ name }: { name: string }) => name);
    const program = guarded(failfast("services", 60))(asked);
    expect(await Effect.runPromise(Effect.provideService(program, Region, { name: "eu" }))).toBe("eu");
  });

  test("does not count an interruption from outside, which interrupts the effect", async () => {
    const salesApi = failfast("interrupted", 60);
    const told: string[] = [];
    const tell = (what: string) => Effect.sync(() => void told.push(what));
    const hanging = Effect.onInterrupt(Effect.andThen(tell("begun"), Effect.never), () =>
      tell("interrupted"),
    );
    const fiber = Effect.runFork(guarded(salesApi)(hanging));
    await expect.poll(() => told).toEqual(["begun"]);
    await Effect.runPromise(Fiber.interrupt(fiber));
    await expect.poll(() => told).toEqual(["begun", "interrupted"]);
    expect(salesApi.state).toBe("closed");
  });

  test("counts the circuit's time-out as a failure, and interrupts the effect", async () => {
    const salesApi = failfast("hangs", 60, { callTimeout: "50ms" });
    const told: string[] = [];
    const hanging = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void told.push("interrupted")));
    expect(await Effect.runPromise(Effect.flip(guarded(salesApi)(hanging)))).toBeInstanceOf(TimeoutError);
    await expect.poll(() => told).toEqual(["interrupted"]);
    // On a busy machine the first time-outs may be caused by this process, and then they don't count.
    await expect
      .poll(async () => {
        await Effect.runPromiseExit(guarded(salesApi)(hanging));
        return salesApi.state;
      })
      .toBe("open");
  });
});
