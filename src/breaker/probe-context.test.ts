import { afterEach, describe, expect, test } from "vitest";
import { isWithinProbe, probeEnded, runWithinProbe } from "./probe-context.js";

const circuit = {};
const other = {};

afterEach(() => {
  probeEnded(circuit, 1);
  probeEnded(circuit, 2);
  probeEnded(other, 1);
});

describe("calls made from within a probe", () => {
  test("are known at once, and after what the probe waits for", async () => {
    const seen = await runWithinProbe(circuit, 1, async () => {
      const before = isWithinProbe(circuit, 1);
      await Promise.resolve();
      return [before, isWithinProbe(circuit, 1)];
    });
    expect(seen).toEqual([true, true]);
  });

  test("belong to that circuit and that probe alone", () => {
    runWithinProbe(circuit, 1, () => {
      expect(isWithinProbe(other, 1)).toBe(false);
      expect(isWithinProbe(circuit, 2)).toBe(false);
    });
    expect(isWithinProbe(circuit, 1)).toBe(false);
  });

  test("of one probe within another belong to both", () => {
    runWithinProbe(circuit, 1, () =>
      runWithinProbe(other, 1, () => {
        expect(isWithinProbe(other, 1)).toBe(true);
        expect(isWithinProbe(circuit, 1)).toBe(true);
      }),
    );
  });

  test("are no longer within it when it is over; those of another that runs still are", () => {
    runWithinProbe(circuit, 1, () => {
      runWithinProbe(other, 1, () => {
        probeEnded(circuit, 2);
        expect(isWithinProbe(other, 1)).toBe(true);
      });
      probeEnded(other, 1);
      probeEnded(circuit, 1);
      expect(isWithinProbe(circuit, 1)).toBe(false);
    });
  });

  test("are still within it when another probe ends, of another circuit or of its own", () => {
    runWithinProbe(circuit, 1, () => {
      probeEnded(other, 1);
      expect(isWithinProbe(circuit, 1)).toBe(true);
      probeEnded(circuit, 2);
      expect(isWithinProbe(circuit, 1)).toBe(true);
    });
  });

  test("return what the function returned, or throw what it threw", () => {
    expect(runWithinProbe(circuit, 1, () => 7)).toBe(7);
    const error = new Error("no");
    const thrown = (): unknown =>
      runWithinProbe(circuit, 1, () => {
        throw error;
      });
    expect(thrown).toThrow(error);
  });
});
