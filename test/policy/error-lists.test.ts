import { runInNewContext } from "node:vm";
import axios from "axios";
import { describe, expect, test } from "vitest";
import { failfastAdapter } from "../../src/clients/axios.js";
import { judging } from "../../src/frameworks/route.js";
import {
  createFailfast,
  type Failfast,
  type FailfastOptions,
  isFailfastError,
  TimeoutError,
} from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

class Refused extends Error {}
const quietly = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** A guarded route that throws. */
const route = (failfast: Failfast, error: unknown): Promise<unknown> =>
  failfast("route", 60, judging({ threshold: 1 }).judged).run(() => Promise.reject(error));
const throughAxios = (failfast: Failfast, error: unknown): Promise<unknown> =>
  axios.get("http://a.test/", {
    adapter: failfastAdapter(axios, { failfast, threshold: 1, adapter: () => Promise.reject(error) }),
  });

describe("a list of errors, as Promise.any() throws it", () => {
  const rejection = async (): Promise<unknown> => {
    const other = createFailfast({ clock: manualClock() })("other", 60);
    await other.trip();
    return quietly(other.run(async () => 1));
  };
  const wrapped = (error: unknown): Error => new Error("no answer", { cause: error });

  const stateAfter = async (error: unknown, options: FailfastOptions = {}): Promise<string> => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, options);
    await quietly(circuit.run(() => Promise.reject(error)));
    return circuit.state;
  };

  test("counts for nothing if all of them are rejections of other circuits", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60);
    const rejections = [await rejection(), wrapped(await rejection())];
    await quietly(circuit.run(() => Promise.reject(new AggregateError(rejections))));
    await quietly(circuit.run(() => Promise.reject(wrapped(new AggregateError(rejections)))));
    expect(circuit.state).toBe("closed");
  });

  test("is a failure if something failed beside a rejection", async () => {
    for (const wrap of [(error: unknown) => error, wrapped]) {
      const circuit = createFailfast({ clock: manualClock() })("x", 60);
      const errors = [await rejection(), new Error("the other backend is down")];
      await quietly(circuit.run(() => Promise.reject(wrap(new AggregateError(errors)))));
      expect(circuit.state).toBe("open");
    }
  });

  test("is a failure if one of the classes in exceptions matches it or one of them", async () => {
    const late = new TimeoutError("late");
    const outcomeOf = (errors: unknown[]): Promise<string> =>
      stateAfter(new AggregateError(errors), { exceptions: [TimeoutError] });
    expect(await outcomeOf([late, late])).toBe("open");
    expect(await outcomeOf([new Refused(), late])).toBe("open");
    expect(await outcomeOf([new Refused(), undefined])).toBe("closed");
    expect(await outcomeOf([])).toBe("closed");
  });

  test("is a failure if it is a rejection and one of the classes in exceptions, at any depth", async () => {
    const late = new TimeoutError("late");
    const lists = [
      new AggregateError([await rejection(), late]),
      new AggregateError([new AggregateError([late])]),
      wrapped(new AggregateError([late])),
      Object.assign(new Error("several"), { errors: [new Refused(), late] }),
      runInNewContext("(errors) => new AggregateError(errors)")([late, undefined]),
    ];
    for (const list of lists) expect(await stateAfter(list, { exceptions: [TimeoutError] })).toBe("open");
    expect(await stateAfter(wrapped(late), { exceptions: [TimeoutError] })).toBe("closed");
  });

  test("is not taken for one if it has no errors in it, as answers of servers", async () => {
    class Item {}
    const answer = Object.assign(new Error("invalid"), { errors: [new Item(), new Item()] });
    expect(await stateAfter(answer, { exceptions: [Item] as never })).toBe("closed");
    expect(await stateAfter(answer, { ignore: [Item] as never })).toBe("open");
    const cause = await rejection();
    const gateway = Object.assign(new Error("gateway", { cause }), { errors: [{ message: "m" }] });
    expect(await stateAfter(gateway)).toBe("closed");
  });

  test("counts for nothing if each of them does, for whatever reason", async () => {
    const redirect = Object.assign(new Error("x"), { digest: "NEXT_REDIRECT;replace;/login;307;" });
    const twice = wrapped(await rejection());
    const ignore = [Refused];
    for (const options of [{ ignore }, { ignore: (error: unknown) => error instanceof Refused }]) {
      const lists = [
        [await rejection(), new Refused()],
        [new Refused(), wrapped(await rejection()), redirect],
        [new AggregateError([new Refused()]), await rejection()],
        [twice, twice],
      ];
      for (const errors of lists) {
        expect(await stateAfter(new AggregateError(errors), options)).toBe("closed");
        expect(await stateAfter(wrapped(new AggregateError(errors)), options)).toBe("closed");
        expect(await stateAfter(new AggregateError([...errors, new Error("down")]), options)).toBe("open");
      }
    }
  });

  test("is never a success of a probe if a rejection is in it", async () => {
    const clock = manualClock();
    const mixed = new AggregateError([await rejection(), new Error("still down")]);
    const exceptions: FailfastOptions["exceptions"][] = [(error) => !isFailfastError(error), [Refused]];
    for (const each of exceptions) {
      const circuit = createFailfast({ clock })("x", 10, { exceptions: each });
      await circuit.trip();
      await clock.advance(10_000);
      await quietly(circuit.run(() => Promise.reject(mixed)));
      expect(circuit.state).not.toBe("closed");
    }
  });

  test.each<[string, (failfast: Failfast, error: unknown) => Promise<unknown>]>([
    ["a route", route],
    ["axios", throughAxios],
  ])("is a failure for the guard of %s if something failed beside a rejection", async (_, call) => {
    const failfast = createFailfast({ clock: manualClock() });
    const states = (): Set<string> => new Set([...failfast.circuits()].map(({ state }) => state));
    await quietly(call(failfast, new AggregateError([await rejection(), await rejection()])));
    expect(states()).toEqual(new Set(["closed"]));
    await quietly(call(failfast, new AggregateError([await rejection(), new Error("down")])));
    expect(states()).toEqual(new Set(["open"]));
  });

  test("is ignored if all of them are", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, { ignore: Refused });
    await quietly(circuit.run(() => Promise.reject(new AggregateError([new Refused(), new Refused()]))));
    expect(circuit.state).toBe("closed");
    await quietly(circuit.run(() => Promise.reject(new AggregateError([new Refused(), new Error()]))));
    expect(circuit.state).toBe("open");
  });
});
