import { describe, expect, test } from "vitest";
import { alone } from "./alone.js";

describe("lint()", () => {
  test("reports a rate that can't trip at the observed traffic", async () => {
    const { clock, failfast, succeed } = alone({ failureRate: 0.5, minimumCalls: 100, window: "10s" });
    for (let n = 0; n < 40; n++) {
      await succeed();
      await clock.advance(1_000);
    }
    expect(failfast.lint()).toMatchObject([{ circuit: "x", finding: "never-trips" }]);
  });

  test("reports a circuit that trips on ordinary errors", async () => {
    const { clock, failfast, fail, succeed } = alone({});
    for (let n = 0; n < 6; n++) {
      await fail();
      await clock.advance(60_000);
      await succeed();
    }
    expect(failfast.lint()).toMatchObject([{ circuit: "x", finding: "trips-needlessly" }]);
  });

  test("reports a slowCall that is as long as ordinary calls take", async () => {
    const { clock, failfast, slow, succeed } = alone({ slowCall: "200ms" });
    for (let n = 0; n < 300; n++) {
      if (n % 20 === 0) await slow(250);
      await succeed();
      await clock.advance(200);
    }
    const [finding, ...others] = failfast.lint();
    expect(finding).toMatchObject({ circuit: "x", finding: "trips-needlessly" });
    expect(finding?.message).toMatch(/slowCall/);
    expect(others).toEqual([]);
  });

  test.each([[{}], [{ quorum: 3 }]])(
    "reports a circuit with slowCall that one failure trips, after one trip (%o)",
    async (options) => {
      const { clock, failfast, fail, succeed } = alone({ slowCall: "200ms", ...options });
      for (let n = 0; n < 300; n++) {
        await succeed();
        await clock.advance(100);
      }
      expect(failfast.lint()).toEqual([]);
      await fail();
      await clock.advance(60_000);
      await succeed();
      const [finding, ...others] = failfast.lint();
      expect(finding).toMatchObject({ circuit: "x", finding: "trips-needlessly" });
      expect(finding?.message).toMatch(/1 of its 301 calls.*consecutive: 5/);
      expect(others).toEqual([]);
    },
  );

  test.each([
    ["consecutive: 5", { consecutive: 5 }, true],
    ["a threshold", { threshold: 3 }, true],
    ["a backend that is still down when the first probe asks", {}, false],
  ])("does not report that with %s", async (_, options, well) => {
    const { clock, failfast, fail, succeed } = alone({ slowCall: "200ms", ...options });
    for (let n = 0; n < 300; n++) {
      await succeed();
      await clock.advance(100);
    }
    await fail();
    await clock.advance(60_000);
    await (well ? succeed() : fail());
    await clock.advance(60_000);
    await succeed();
    expect(failfast.lint()).toEqual([]);
  });

  test("reports nothing for settings that work", async () => {
    const { failfast, succeed, fail } = alone({ failureRate: 0.5, minimumCalls: 10 });
    for (let n = 0; n < 20; n++) await succeed();
    await fail();
    expect(failfast.lint()).toEqual([]);
  });
});
