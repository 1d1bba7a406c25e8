import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, test, vi } from "vitest";
import { isWithinProbe, probeEnded, runWithinProbe } from "./probe-context.js";

const circuit = {};
const other = {};

afterEach(() => {
  probeEnded(circuit, 1);
  probeEnded(circuit, 2);
  probeEnded(other, 1);
});

describe("a call made within a probe", () => {
  test("is recognised at once, and after the probe has awaited something", async () => {
    const seen = await runWithinProbe(circuit, 1, async () => {
      const before = isWithinProbe(circuit, 1);
      await Promise.resolve();
      return [before, isWithinProbe(circuit, 1)];
    });
    expect(seen).toEqual([true, true]);
  });

  test("belongs to that circuit and that probe only", () => {
    runWithinProbe(circuit, 1, () => {
      expect(isWithinProbe(other, 1)).toBe(false);
      expect(isWithinProbe(circuit, 2)).toBe(false);
    });
    expect(isWithinProbe(circuit, 1)).toBe(false);
  });

  test("within two nested probes belongs to both", () => {
    runWithinProbe(circuit, 1, () =>
      runWithinProbe(other, 1, () => {
        expect(isWithinProbe(other, 1)).toBe(true);
        expect(isWithinProbe(circuit, 1)).toBe(true);
      }),
    );
  });

  test("no longer belongs to a probe that has ended, and still to another that runs", () => {
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

  test("still belongs to its probe when another probe ends, of this circuit or of another", () => {
    runWithinProbe(circuit, 1, () => {
      probeEnded(other, 1);
      expect(isWithinProbe(circuit, 1)).toBe(true);
      probeEnded(circuit, 2);
      expect(isWithinProbe(circuit, 1)).toBe(true);
    });
  });

  test("is looked for only while a probe runs: async context is turned off when the last one ends", () => {
    const off = vi.spyOn(AsyncLocalStorage.prototype, "disable");
    runWithinProbe(circuit, 1, () => undefined);
    runWithinProbe(other, 1, () => undefined);
    probeEnded(circuit, 1);
    expect(off).not.toHaveBeenCalled();
    probeEnded(other, 1);
    expect(off).toHaveBeenCalledTimes(1);
    off.mockRestore();
  });

  test("returns what the function returned, or throws what it threw", () => {
    expect(runWithinProbe(circuit, 1, () => 7)).toBe(7);
    const error = new Error("no");
    const thrown = (): unknown =>
      runWithinProbe(circuit, 1, () => {
        throw error;
      });
    expect(thrown).toThrow(error);
  });
});
