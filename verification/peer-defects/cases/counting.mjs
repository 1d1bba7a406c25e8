// Which calls count, and for how long.
import { expect, NotOffered, once, start, trip } from "../world.mjs";

const OPEN = 1_000;

async function isClosed(time, breaker) {
  const calls = [start(time, breaker), start(time, breaker)];
  await time.pass(10);
  for (const call of calls) call.succeed();
  await time.pass(10);
  return calls.every((call) => call.outcome === "served");
}

const RATED = { rate: 0.5, minimum: 5, window: 1_000, open: OPEN };

export const counting = [
  {
    name: "three callers abort their calls",
    expected: "it stays closed",
    why: "users who close a page open the circuit for all users",
    source: "denoland/std#6940; opossum, cockatiel",
    setting: "aborts",
    async run({ time, make }) {
      const breaker = make({ failures: 3, open: OPEN });
      for (let n = 0; n < 3; n++) {
        const caller = new AbortController();
        const call = start(time, breaker, { signal: caller.signal, obeys: true });
        await time.pass(10);
        if (call.signal === undefined) throw new NotOffered("takes no signal");
        caller.abort();
        await time.pass(10);
        expect(call.outcome === "failed", `the caller's abort ended as ${call.outcome}`);
      }
      expect(await isClosed(time, breaker), "opened by them");
      // And yet the circuit can open.
      await trip(time, breaker);
    },
  },
  {
    name: "one circuit inside another: the inner one rejects",
    expected: "the outer one stays closed",
    why: "if rejections count as failures, one circuit after another opens, up to the front end",
    source: "Polly counts a `BrokenCircuitException` by default",
    setting: "nested",
    async run({ time, make }) {
      const inner = make({ failures: 1, open: 60_000 });
      const outer = make({ failures: 3, open: 60_000 });
      await trip(time, inner);
      for (let n = 0; n < 3; n++) {
        void outer.call(() => inner.call(async () => "answer")).catch(() => {});
        await time.pass(20);
      }
      expect(await isClosed(time, outer), "opened by them");
      await trip(time, outer);
    },
  },
  {
    name: "2 000 rejections, a recovery, then only failures",
    expected: "it trips again at 5 failures, as it is set",
    why: "if rejections count as calls, they lower the failure rate just when it is highest",
    source: "opossum: 1 992 failures were needed",
    async run({ time, make }) {
      const breaker = make({ rate: 0.5, minimum: 5, window: 10_000, open: OPEN });
      await trip(time, breaker);
      const flood = Array.from({ length: 2_000 }, () => start(time, breaker));
      await time.pass(10);
      expect(
        flood.every((call) => call.outcome === "rejected"),
        "it did not open",
      );
      await time.pass(OPEN);
      expect((await once(time, breaker, "succeeds")).outcome === "served", "no probe");
      let failures = 0;
      while (failures < 50 && (await once(time, breaker, "fails")).outcome === "failed") failures++;
      expect(failures <= 10, `${failures === 50 ? "over 50" : failures} failures in a row were needed`);
    },
  },
  {
    name: "one failure after the circuit closed; it trips at 5",
    expected: "it stays closed",
    why: "a window that is not cleared on recovery makes the first failure trip again",
    source: "opossum",
    async run({ time, make }) {
      const breaker = make({ rate: 0.5, minimum: 5, window: 10_000, open: OPEN });
      await trip(time, breaker);
      await time.pass(OPEN);
      expect((await once(time, breaker, "succeeds")).outcome === "served", "no probe");
      await once(time, breaker, "fails");
      expect(await isClosed(time, breaker), "opened by it");
    },
  },
  {
    name: "four failures, a pause of three windows, one more failure",
    expected: "it stays closed: one failure in the window",
    why: "a window that moves only when calls come still counts yesterday's failures",
    source: "cockatiel's SamplingBreaker",
    async run({ time, make }) {
      const breaker = make(RATED);
      for (let n = 0; n < 4; n++) await once(time, breaker, "fails");
      await time.pass(3_000);
      await once(time, breaker, "fails");
      expect(await isClosed(time, breaker), "opened by it");
      await trip(time, breaker);
    },
  },
  {
    name: "the first call fails; it trips at half of at least 5 calls",
    expected: "it stays closed",
    why: "one failure of one call is a rate of 100 %",
    source: "nodeshift/opossum#217",
    async run({ time, make }) {
      const breaker = make(RATED);
      await once(time, breaker, "fails");
      expect(await isClosed(time, breaker), "opened by it");
      await trip(time, breaker);
    },
  },
  {
    name: "half of the calls fail; it trips at a third of at least 6 calls",
    expected: "it opens",
    why: "the ordinary case",
    source: "",
    async run({ time, make }) {
      const breaker = make({ rate: 0.33, minimum: 6, window: 10_000, open: OPEN });
      for (let n = 0; n < 6; n++) {
        await once(time, breaker, "succeeds");
        await once(time, breaker, "fails");
      }
      expect(!(await isClosed(time, breaker)), "still closed after 6 of 12");
    },
  },
  {
    name: "a backend hangs: 100 calls a second, time-outs of 1 s, slow from 200 ms",
    expected: "it opens before the first time-out",
    why: "until the first time-out every call goes out and waits, with its socket and its user",
    source:
      "resilience4j/resilience4j#1597; opossum and cockatiel look at a call when it ends, as Polly and resilience4j do",
    async run({ time, make }) {
      const breaker = make({ failures: 5, open: 60_000, timeout: 1_000, slow: 200 });
      for (let n = 0; n < 200; n++) {
        const call = start(time, breaker);
        await time.pass(10);
        call.succeed();
      }
      let out = 0;
      for (let n = 0; n < 2_000; n++) {
        const call = start(time, breaker);
        await time.pass(10);
        if (call.outcome === "rejected") break;
        out++;
      }
      expect(out < 100, `${out} calls went out before it opened`);
      return `${out} calls went out before it opened`;
    },
  },
];
