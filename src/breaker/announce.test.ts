import { describe, expect, test } from "vitest";
import { opened } from "../protocol/transition.js";
import { isClosed, isHeld, isLeased, isOpen, NOW, WALL } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { circuitWith, enterAsync, fail, OPEN_MS, pushed } from "./breaker.fixture.js";

describe("an event", () => {
  test("of a local trip says who, why, when, for how long, and has the error", () => {
    const { breaker, told } = circuitWith();
    const error = new Error("down");
    fail(breaker, { error });
    expect(told).toEqual([
      {
        type: "open",
        circuit: "x",
        local: true,
        by: "me",
        reason: "it failed",
        at: WALL,
        retryAfterMs: OPEN_MS,
        error,
      },
    ]);
  });

  test("of a remote trip says who, why and when as the record does, and has no error", () => {
    const circuit = circuitWith();
    pushed(circuit, isOpen(40));
    const [event] = circuit.told;
    expect(event).toMatchObject({ type: "open", by: "other", reason: "theirs", local: false });
    expect(event).toMatchObject({ at: circuit.stored()?.at });
    expect(event).not.toHaveProperty("error");
  });

  test("is emitted for a local probe and for its success", async () => {
    const { breaker, told, time } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    expect(told).toMatchObject([
      { type: "open" },
      { type: "half-open", local: true, reason: "it failed" },
      { type: "close", local: true, by: "me", reason: "probe succeeded", at: WALL + OPEN_MS },
    ]);
  });

  test("of a remote closing says only who, why and when", () => {
    const circuit = circuitWith();
    pushed(circuit, isOpen(40));
    pushed(circuit, isClosed(41));
    const { at } = isClosed(41);
    expect(circuit.told[1]).toEqual({
      type: "close",
      circuit: "x",
      local: false,
      by: "other",
      reason: "theirs",
      at,
    });
  });

  test("is not emitted again when a probe of several gives its lease back", async () => {
    const { breaker, told, time } = circuitWith({ probes: 2 });
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    expect(told.map(({ type }) => type)).toEqual(["open", "half-open"]);
  });

  test("of a hold says its state, end and operator; of a release, the reason", async () => {
    const circuit = circuitWith();
    const held = isHeld(40, "open", 5_000);
    pushed(circuit, held);
    pushed(circuit, isHeld(41, "released"));
    const common = { circuit: "x", by: "other", local: false };
    expect(circuit.told).toEqual([
      { ...common, type: "hold", held: "open", reason: "theirs", at: held.at, until: held.until },
      { ...common, type: "release", reason: "theirs", at: held.at },
    ]);
    const own = circuitWith();
    pushed(own, { ...isHeld(40, "open", 5_000), by: "me" });
    await own.time.advance(5_000);
    expect(own.told).toMatchObject([
      { type: "hold", local: true },
      { type: "release", local: true, by: "me", reason: "its time was up", at: WALL + 5_000 },
    ]);
  });

  test("of a release names this process if no record of the hold is left", () => {
    const circuit = circuitWith();
    pushed(circuit, isHeld(40, "open"));
    circuit.replica.cache.holds.clear();
    circuit.breaker.changed();
    expect(circuit.told[1]).toMatchObject({ type: "release", local: true, by: "me", at: WALL });
  });

  test("of a closing names this process and has no reason if the store has lost the record", () => {
    const circuit = circuitWith();
    pushed(circuit, isOpen(40));
    circuit.replica.cache.circuits.clear();
    circuit.breaker.changed();
    expect(circuit.told[1]).toMatchObject({ type: "close", by: "me", reason: "", at: WALL, local: false });
  });

  test("of a release names this process if the store has not answered yet", () => {
    const circuit = circuitWith();
    pushed(circuit, isHeld(40, "open"));
    circuit.replica.hold("x").cached = null;
    circuit.breaker.changed();
    expect(circuit.told[1]).toMatchObject({ type: "release", local: true, by: "me" });
  });

  test("is marked as shadow in mode: shadow only", () => {
    for (const [mode, shadow] of [
      ["enforce", undefined],
      ["shadow", true],
    ] as const) {
      const circuit = circuitWith({ mode });
      fail(circuit.breaker);
      pushed(circuit, isHeld(40, "open"));
      pushed(circuit, isHeld(41, "released"));
      expect(circuit.told.map((event) => [event.type, event["shadow"]])).toEqual([
        ["open", shadow],
        ["hold", shadow],
        ["release", shadow],
      ]);
    }
  });

  test("is not created if nobody listens", () => {
    const circuit = circuitWith({}, { listensTo: [] });
    circuit.session.events.emit = () => {
      throw new Error("there is nobody to be told");
    };
    fail(circuit.breaker);
    pushed(circuit, isHeld(40, "open"));
    pushed(circuit, isHeld(41, "released"));
    expect(circuit.told).toEqual([]);
  });
});

describe('the listeners to "opened by"', () => {
  test("learn of another process's trip only, whatever events they listen to", () => {
    const circuit = circuitWith({}, { listensTo: [] });
    pushed(circuit, isOpen(40));
    expect(circuit.openers).toEqual(["other"]);
    const byHand = circuitWith();
    const stamp = { revision: 40, nonce: "n", now: WALL + NOW, by: "an operator" };
    pushed(byHand, opened(stamp, { duration: 1_000, reason: "by hand", manual: true }));
    expect(byHand.openers).toEqual([]);
    const own = circuitWith();
    pushed(own, isClosed(40));
    fail(own.breaker);
    expect(own.openers).toEqual([]);
    const probing = circuitWith();
    pushed(probing, isLeased(40));
    expect(probing.told).toMatchObject([{ type: "half-open", local: false }]);
    expect(probing.openers).toEqual([]);
  });
});
