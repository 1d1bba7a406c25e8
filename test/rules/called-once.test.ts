// The trip of a process that lives only for a call or two.
import { expect, test } from "vitest";
import { createFailfast, memoryStore } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { boom, ending } from "./fleet.js";

/** Longer than any lease, and short enough to be simulated in a moment. */
const RARELY_MS = 11 * 60_000;

test("a process that is called once shares its trip of a circuit that others had closed before", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const join = () => createFailfast({ store, clock, timeout: 5 });
  const service = join()("sales_api");
  await ending(service.run(() => Promise.reject(boom)));
  await clock.advance(5_100);
  expect(await ending(service.run(() => "ok"))).toBe("ok");
  await clock.advance(RARELY_MS);
  const job = join();
  await job.ready();
  expect(await ending(job("sales_api").run(() => Promise.reject(boom)))).toBe("failed");
  await clock.advance(2_000);
  expect([job("sales_api").state, service.state]).toEqual(["open", "open"]);
});

test("a process that is called once does not share its trip if an operator has closed the circuit since", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const join = () => createFailfast({ store, clock, timeout: 60 })("sales_api");
  const first = join();
  // An error of this host itself opens the circuit here, and writes nothing.
  const own = Object.assign(new Error("too many open files"), { code: "EMFILE" });
  await first.run(() => Promise.reject(own)).catch(() => {});
  await clock.advance(2_000);
  expect(first.state).toBe("open");
  await join().reset();
  await clock.advance(2_000);
  expect(first.state).toBe("closed");
});
