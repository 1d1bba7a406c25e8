import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { CallContexts } from "./call-contexts.js";

const circuit = {};
const other = {};

const made = (): CallContexts => new CallContexts({ AsyncLocalStorage });

/** Tells what is done to the storage. */
function watched(turnedOff: () => void = () => undefined) {
  const done: string[] = [];
  class Storage extends AsyncLocalStorage<unknown> {
    constructor() {
      super();
      done.push("made");
    }

    override disable(): void {
      done.push("turned off");
      turnedOff();
    }
  }
  return { done, probes: new CallContexts({ AsyncLocalStorage: Storage as never }) };
}

describe.each([
  ["with async context", made],
  ["in a runtime without async context", () => new CallContexts(undefined)],
])("a call made within a probe, %s", (_, make) => {
  test("is recognised until the probe's function returns", () => {
    const probes = make();
    expect(probes.contain(circuit, 1)).toBe(false);
    expect(probes.run(circuit, 1, () => probes.contain(circuit, 1))).toBe(true);
    expect(probes.contain(circuit, 1)).toBe(false);
  });

  test("belongs to that circuit and that probe only", () => {
    const probes = make();
    probes.run(circuit, 1, () => {
      expect(probes.contain(other, 1)).toBe(false);
      expect(probes.contain(circuit, 2)).toBe(false);
    });
  });

  test("within two nested probes belongs to both, and after the inner one still to the outer one", () => {
    const probes = make();
    probes.run(circuit, 1, () => {
      probes.run(other, 1, () => {
        expect(probes.contain(other, 1)).toBe(true);
        expect(probes.contain(circuit, 1)).toBe(true);
      });
      expect(probes.contain(other, 1)).toBe(false);
      expect(probes.contain(circuit, 1)).toBe(true);
    });
  });

  test("returns what the function returned, or throws what it threw", () => {
    const probes = make();
    expect(probes.run(circuit, 1, () => 7)).toBe(7);
    const error = new Error("no");
    const thrown = (): unknown =>
      probes.run(circuit, 1, () => {
        throw error;
      });
    expect(thrown).toThrow(error);
    expect(probes.contain(circuit, 1)).toBe(false);
  });
});

describe("with async context", () => {
  test("a call is recognised after the probe has awaited something, too", async () => {
    const probes = made();
    const seen = probes.run(circuit, 1, async () => {
      await Promise.resolve();
      return probes.contain(circuit, 1);
    });
    expect(await seen).toBe(true);
  });

  test("a call no longer belongs to a probe that has ended, and still to another that runs", () => {
    const probes = made();
    probes.run(circuit, 1, () => {
      probes.run(other, 1, () => {
        probes.ended(circuit, 2);
        expect(probes.contain(other, 1)).toBe(true);
      });
      probes.ended(other, 1);
      probes.ended(circuit, 1);
      expect(probes.contain(circuit, 1)).toBe(false);
    });
  });

  test("what a probe left running belongs to nothing once that probe has ended", async () => {
    const probes = made();
    const seen = probes.run(circuit, 1, async () => {
      await Promise.resolve();
      return probes.contain(circuit, 1);
    });
    probes.ended(circuit, 1);
    expect(await seen).toBe(false);
  });

  test("what it left running belongs to nothing even while another probe runs", async () => {
    const probes = made();
    probes.run(other, 1, () => undefined);
    const seen = probes.run(circuit, 1, async () => {
      await Promise.resolve();
      return probes.contain(circuit, 1);
    });
    probes.ended(circuit, 1);
    expect(await seen).toBe(false);
  });

  test("a call still belongs to its probe when another one ends, of this circuit or of another", () => {
    const probes = made();
    probes.run(circuit, 1, () => {
      probes.ended(other, 1);
      expect(probes.contain(circuit, 1)).toBe(true);
      probes.ended(circuit, 2);
      expect(probes.contain(circuit, 1)).toBe(true);
    });
  });
});

describe("within a call of a circuit that admits a share of the calls", () => {
  test("nothing belongs to it once a call within it has failed, and other circuits stay as they are", async () => {
    const contexts = made();
    const seen = contexts.runCall(other, 1, () =>
      contexts.runCall(circuit, 1, async () => {
        await Promise.resolve();
        const before = contexts.contain(circuit, 1);
        contexts.runCall(circuit, 1, () => contexts.failed(circuit, 1));
        return [before, contexts.contain(circuit, 1), contexts.contain(other, 1)];
      }),
    );
    expect(await seen).toEqual([true, false, true]);
  });

  test("the same in a runtime without async context", () => {
    const contexts = new CallContexts(undefined);
    const seen = contexts.runCall(circuit, 1, () => {
      const before = contexts.contain(circuit, 1);
      contexts.failed(circuit, 1);
      return [before, contexts.contain(circuit, 1)];
    });
    expect(seen).toEqual([true, false]);
  });

  test("it is over when it returns, throws or settles", async () => {
    const error = new Error("no");
    const { done, probes: contexts } = watched();
    expect(contexts.runCall(circuit, 1, () => 7)).toBe(7);
    const thrown = (): unknown =>
      contexts.runCall(circuit, 1, () => {
        throw error;
      });
    expect(thrown).toThrow(error);
    await expect(contexts.runCall(circuit, 1, () => Promise.reject(error))).rejects.toBe(error);
    expect(await contexts.runCall(circuit, 1, () => Promise.resolve(8))).toBe(8);
    expect(done.filter((what) => what === "turned off")).toHaveLength(4);
  });
});

describe("async context", () => {
  test("is used from the first probe on, and turned off whenever the last one ends", () => {
    const { done, probes } = watched();
    probes.ended(circuit, 1);
    expect(probes.contain(circuit, 1)).toBe(false);
    expect(done).toEqual([]);
    probes.run(circuit, 1, () => undefined);
    probes.run(other, 1, () => undefined);
    probes.ended(circuit, 1);
    expect(done).toEqual(["made"]);
    probes.ended(other, 1);
    probes.ended(other, 1);
    expect(done).toEqual(["made", "turned off"]);
    probes.run(circuit, 2, () => undefined);
    probes.ended(circuit, 2);
    expect(done).toEqual(["made", "turned off", "turned off"]);
  });

  test("that can't be turned off is no error", () => {
    const { probes } = watched(() => {
      throw new Error("this runtime can't turn it off");
    });
    probes.run(circuit, 1, () => undefined);
    expect(() => probes.ended(circuit, 1)).not.toThrow();
  });
});
