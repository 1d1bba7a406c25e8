import { describe, expect, test } from "vitest";
import { outcome, source, streaming } from "./streaming.js";

describe("a reader that leaves while it waits for the next item", () => {
  test.each([{}, { idleTimeout: undefined }])("leaves at once, and the source ends (%o)", async (options) => {
    const { circuit } = streaming(options);
    const { readable, give, cancelled } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    const next = items.next();
    expect(await items.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect([cancelled.length, circuit.state]).toEqual([1, "closed"]);
  });
});

describe("a reader that leaves before the first item", () => {
  test.each([{}, { callTimeout: "20s" }, { idleTimeout: undefined }] as const)(
    "leaves at once, and the call counts as neither (%o)",
    async (options) => {
      const { clock, circuit } = streaming(options);
      await outcome(circuit.run(() => Promise.reject(new Error("down"))));
      await clock.advance(60_000);
      const { readable, cancelled } = source();
      const items = circuit.stream(() => readable);
      const first = items.next();
      await clock.advance(1_000);
      expect(await items.return()).toEqual({ done: true, value: undefined });
      expect(await first).toEqual({ done: true, value: undefined });
      expect([cancelled.length, circuit.state]).toEqual([1, "half-open"]);
      await clock.advance(25_000);
      expect([await circuit.run(async () => "a probe"), circuit.state]).toEqual(["a probe", "closed"]);
    },
  );

  test("ends a source that opens later", async () => {
    const { clock, circuit } = streaming();
    const { readable, cancelled } = source();
    let opens: (readable: unknown) => void = () => undefined;
    const items = circuit.stream(() => new Promise<never>((resolve) => (opens = resolve as never)));
    const first = items.next();
    await clock.advance(1_000);
    await items.return();
    opens(readable);
    await first;
    await clock.advance(0);
    expect([cancelled.length, circuit.state]).toEqual([1, "closed"]);
  });
});
