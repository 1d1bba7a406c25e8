import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, ending, fleet, givenUp } from "./fleet.js";

class BadInput extends Error {}

describe("a process whose calls all end as neither leaves the lease to others in the end", () => {
  test.each([
    ["ignored", 80, 20],
    ["ignored", 300, 100],
    ["ignored", 1_000, 1_000],
    ["given up", 80, 20],
    ["given up", 1_000, 1_000],
  ])("if its calls are %s, with the store %d ms away and a call every %d ms", async (how, answers, every) => {
    const options = { ignore: BadInput };
    const { clock, members } = await fleet(2, { timeout: 5, delay: answers / 2, options });
    const [busy, other] = [at(members, 0), at(members, 1)];
    await clock.advance(5_000);
    void busy.circuit.trip();
    await clock.advance(7_000);
    const sayNothing = (): unknown =>
      how === "ignored"
        ? ending(busy.circuit.run(() => Promise.reject(new BadInput())))
        : givenUp(busy.circuit);
    let calls = 0;
    for (let ms = 0; other.circuit.state !== "closed" && calls < 60; ms += every) {
      void sayNothing();
      if (ms % 1_000 === 0) {
        calls++;
        void other.succeed();
      }
      await clock.advance(every);
    }
    expect(other.circuit.state).toBe("closed");
  });
});

describe("calls that end as neither, without other processes", () => {
  const ignored = (): Promise<never> => Promise.reject(new BadInput());

  test.each<[string, FailfastOptions]>([
    ["without a store", {}],
    ["with scope: process", { scope: "process" }],
  ])("cause no rejection of later calls: %s", async (_, options) => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 2, { ignore: BadInput, ...options });
    await ending(circuit.run(() => Promise.reject(new Error("down"))));
    await clock.advance(2_100);
    for (let call = 0; call < 40; call++) {
      expect(await ending(circuit.run(ignored))).toBe("something else");
      await clock.advance(7);
    }
    expect(await ending(circuit.run(async () => 1))).toBe("ok");
  });

  test("are counted from zero once the circuit has opened again", async () => {
    const { clock, members } = await fleet(1, { timeout: 2, options: { ignore: BadInput } });
    const { circuit, fail, succeed } = at(members, 0);
    const during = async (call: () => Promise<string>): Promise<string> => {
      const answer = call();
      await clock.advance(50);
      return answer;
    };
    await during(fail);
    for (let outage = 0; outage < 12; outage++) {
      await clock.advance(2_100);
      expect(await during(() => ending(circuit.run(ignored)))).toBe("something else");
      expect(await during(fail)).toBe("failed");
    }
    await clock.advance(2_100);
    await during(() => ending(circuit.run(ignored)));
    expect(await during(succeed)).toBe("ok");
  });
});
