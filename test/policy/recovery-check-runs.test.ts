import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { boom, during, ending } from "../rules/fleet.js";
import { backend, openForTen } from "./checked-backend.js";

describe("when a recovery check runs", () => {
  test("does not run while an operator holds the circuit", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({ recovery: api.check });
    await fail();
    await during(clock, 100, () => circuit.hold("open"));
    await clock.advance(60_000);
    expect(api.checks).toBe(0);
    api.well = true;
    await during(clock, 100, () => circuit.release());
    await clock.advance(2_100);
    expect([circuit.state, api.checks]).toEqual(["closed", 1]);
  });

  test("under way is aborted by a hold, a reset and close()", async () => {
    for (const end of ["hold", "reset", "update", "close"] as const) {
      const api = backend();
      const { clock, failfast, circuit, fail } = openForTen({ recovery: api.check });
      await fail();
      api.well = "hangs";
      await clock.advance(11_000);
      expect(api.checks).toBe(1);
      if (end === "hold") await during(clock, 100, () => circuit.hold("open"));
      else if (end === "reset") await during(clock, 100, () => circuit.reset());
      else if (end === "update") circuit.update({ recovery: "probe" });
      else await during(clock, 1_000, () => failfast.close());
      expect([end, api.signals[0]?.aborted]).toEqual([end, true]);
      await clock.advance(60_000);
      expect([end, api.checks]).toEqual([end, 1]);
    }
  });

  test("that was removed leaves the probe to calls again", async () => {
    for (const end of ["update", "close"] as const) {
      const api = backend();
      const { clock, failfast, circuit, fail, succeed } = openForTen({ recovery: api.check });
      await fail();
      if (end === "update") circuit.update({ recovery: undefined });
      else await during(clock, 1_000, () => failfast.close());
      await clock.advance(11_000);
      expect([end, await succeed(), circuit.state, api.checks]).toEqual([end, "ok", "closed", 0]);
    }
  });

  test("does not run after close(), even if it is set after it", async () => {
    const api = backend();
    const { clock, failfast, circuit, fail, succeed } = openForTen({});
    await fail();
    await during(clock, 1_000, () => failfast.close());
    circuit.update({ recovery: api.check });
    const later = failfast("later", 10, { recovery: api.check });
    await ending(later.run(() => Promise.reject(boom)));
    await clock.advance(30_000);
    expect([await succeed(), await ending(later.run(async () => "ok")), api.checks]).toEqual(["ok", "ok", 0]);
  });

  test("can be set by update() while the circuit is open", async () => {
    const api = backend();
    const { clock, circuit, fail } = openForTen({});
    await fail();
    circuit.update({ recovery: api.check });
    api.well = true;
    await clock.advance(11_100);
    expect([circuit.state, api.checks]).toEqual(["closed", 1]);
  });

  test("does not run with enabled: false, and leaves the probe to calls of other handles", async () => {
    const api = backend();
    let enabled = false;
    const { clock, failfast, fail } = openForTen({ recovery: api.check, enabled: () => enabled });
    const other = failfast("x", 10, { enabled: true });
    await fail();
    await ending(other.run(() => Promise.reject(boom)));
    await clock.advance(30_000);
    expect([other.state, api.checks]).toEqual(["half-open", 0]);
    enabled = true;
    api.well = true;
    await clock.advance(3_000);
    expect([other.state, api.checks]).toEqual(["closed", 1]);
  });

  test("runs outside every async context, as the calls of its probe do", async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const failfast = createFailfast({});
    const circuit = failfast("x", "20ms", {
      recovery: async () => {
        seen.push(request.getStore());
        await Promise.resolve();
        seen.push(request.getStore());
      },
    });
    await request.run("mine", () => ending(circuit.run(() => Promise.reject(boom))));
    await expect.poll(() => circuit.state, { interval: 5 }).toBe("closed");
    expect(seen).toEqual([undefined, undefined]);
    await failfast.close();
  });

  test("leaves no timer on a closed circuit", async () => {
    const api = backend();
    const plain = openForTen({});
    const checked = openForTen({ recovery: api.check });
    for (const { succeed } of [plain, checked]) await succeed();
    expect(checked.clock.pending).toBe(plain.clock.pending);
    await checked.fail();
    expect(checked.clock.pending).toBe(plain.clock.pending + 1);
    await during(checked.clock, 50, () => checked.circuit.reset());
    await checked.clock.advance(6_000);
    expect(checked.clock.pending).toBe(plain.clock.pending);
  });
});
