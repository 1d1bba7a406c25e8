import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

const down = new Error("down");
const miss = new Error("no such key");

describe("a check that passes while every call fails", () => {
  /** How many calls reach the backend in ten minutes, with one call a second. */
  async function reached(options: FailfastOptions): Promise<number> {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("sales", 10, { ...options, recovery: async () => undefined });
    let calls = 0;
    for (let second = 0; second < 600; second++) {
      const call = circuit.run(() => {
        calls++;
        throw down;
      });
      await call.catch(() => undefined);
      await clock.advance(1_000);
    }
    return calls;
  }

  test("admits as many calls as the threshold in each open time", async () => {
    expect(await reached({ threshold: 1 })).toBeLessThanOrEqual(60);
    expect(await reached({ consecutive: 5 })).toBeLessThanOrEqual(5 * 60);
  });

  test("is trusted less and less with back-off", async () => {
    expect(await reached({ threshold: 1, backoff: { factor: 2, max: "10m" } })).toBeLessThanOrEqual(10);
  });
});

test("ignored calls keep a circuit with probes from closing only until a call has an outcome", async () => {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("cache", 10, { ignore: (error) => error === miss });
  await circuit.trip();
  await clock.advance(10_001);
  for (let call = 1; call <= 4; call++) {
    await expect(circuit.run(() => Promise.reject(miss))).rejects.toBe(miss);
    expect(circuit.state).toBe("half-open");
  }
  await circuit.run(async () => "a hit");
  expect(circuit.state).toBe("closed");
});

test("a long poll is a slow call, and a call that returns a stream is not", async () => {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  const options: FailfastOptions = { slowCall: "2s", minimumCalls: 3 };
  const [polls, streams] = [failfast("polls", 10, options), failfast("streams", 10, options)];
  const answer = () => new Promise((resolve) => clock.after(30_000, () => resolve("news")));
  async function* stream() {
    yield await answer();
  }
  const polling = [1, 2, 3].map(() => polls.run(answer));
  const reading = [1, 2, 3].map(async () =>
    (await streams.run(async () => ({ items: stream() }))).items.next(),
  );
  await clock.advance(5_000);
  expect([polls.state, streams.state]).toEqual(["open", "closed"]);
  await clock.advance(30_000);
  await Promise.all([...polling, ...reading]);
});
