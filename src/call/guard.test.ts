import { describe, expect, test } from "vitest";
import { circuitWith, fail, OPEN_MS, pushed } from "../breaker/breaker.fixture.js";
import { callContexts } from "../breaker/call-contexts.js";
import { isClosed } from "../sync/replica.fixture.js";
import { makeCallPolicy } from "./call-policy.js";
import { Guard } from "./guard.js";

describe("a call that waited for its lease", () => {
  /** The lease comes by push, and `meanwhile` follows before the call is made. */
  async function calledAfter(meanwhile: (circuit: ReturnType<typeof circuitWith>) => void): Promise<boolean> {
    const circuit = circuitWith();
    const { breaker, store, time } = circuit;
    const guard = new Guard(breaker, makeCallPolicy({}));
    fail(breaker);
    await time.advance(OPEN_MS);
    let lease: string | undefined;
    store.swap = (_, __, value) => {
      lease = value;
      return new Promise(() => undefined);
    };
    let epoch = 0;
    const ran = guard.call(() => callContexts.contain(breaker, epoch), undefined, [], "promise");
    store.watcher?.change({ key: "circuit:x", value: lease ?? "" });
    epoch = breaker.current.epoch;
    meanwhile(circuit);
    return (await ran) as boolean;
  }

  test("runs within its probe", async () => {
    expect(await calledAfter(() => undefined)).toBe(true);
  });

  test("runs within none if that is over by then: the circuit was closed", async () => {
    expect(
      await calledAfter((circuit) => pushed(circuit, isClosed(circuit.replica.circuit("x").seen + 1))),
    ).toBe(false);
  });
});
