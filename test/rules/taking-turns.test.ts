import { describe, expect, test } from "vitest";
import { at, ending, fleet, givenUp } from "./fleet.js";

class BadInput extends Error {}

describe("rule 19: a process whose calls say nothing of the backend leaves the lease to others in the end", () => {
  test.each([
    ["ignored", 80, 20],
    ["ignored", 300, 100],
    ["ignored", 1_000, 1_000],
    ["given up", 80, 20],
    ["given up", 1_000, 1_000],
  ])("its calls are %s, the store %d ms away, a call each %d ms", async (how, answers, every) => {
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
