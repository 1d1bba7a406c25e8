// What the caller gets.
import { expect, NotOffered, once, start } from "../world.mjs";

const OPEN = 60_000;

export const outcomes = [
  {
    name: "one of two calls times out",
    expected: "the other one's signal is not aborted",
    why: "one slow call ends all healthy ones",
    source: "nodeshift/opossum#780",
    async run({ time, make }) {
      const breaker = make({ failures: 5, open: OPEN, timeout: 200 });
      const slow = start(time, breaker);
      await time.pass(150);
      const healthy = start(time, breaker);
      await time.pass(100);
      if (slow.signal === undefined) throw new NotOffered("gives no signal");
      expect(slow.signal.aborted, "the slow call's own signal was not aborted");
      expect(!healthy.signal.aborted, "aborted with it");
      healthy.succeed();
      await time.pass(10);
      expect(healthy.outcome === "served", `the other one ended as ${healthy.outcome}`);
    },
  },
  {
    name: "a call throws `undefined`, a string, or a frozen error",
    expected: "the caller gets exactly that value, and each counts as a failure",
    why: "a wrapper that reads or marks the thrown value may throw another error instead",
    source: "",
    async run({ time, make }) {
      for (const error of [undefined, "text", Object.freeze(new Error("frozen"))]) {
        const breaker = make({ failures: 1, open: OPEN });
        const call = await once(time, breaker, "fails", error);
        expect(call.error === error, `${String(error)} came back as ${String(call.error)}`);
        const next = await once(time, breaker, "succeeds");
        expect(next.outcome === "rejected", `${String(error)} did not count`);
      }
    },
  },
  {
    name: "a sync function that returns nothing",
    expected: "a success",
    why: "a function that returns `undefined` has not failed",
    source: "nodeshift/opossum#893",
    async run({ time, make }) {
      const breaker = make({ failures: 1, open: OPEN });
      if (breaker.wrap === undefined) throw new NotOffered("takes promises and observables only");
      const wrapped = breaker.wrap(() => undefined);
      for (let n = 0; n < 3; n++) {
        let answer;
        try {
          answer = await wrapped();
        } catch (error) {
          answer = error;
        }
        await time.turn();
        expect(answer === undefined, `it threw ${String(answer)}`);
      }
    },
  },
  {
    name: "a listener for `open` throws",
    expected: "the caller gets the backend's error, and it opens",
    why: "a bug in the metrics becomes an outage",
    source: "seen in bagowix/interlock",
    async run({ time, make }) {
      const breaker = make({ failures: 1, open: OPEN });
      if (breaker.onOpen === undefined) throw new NotOffered("has no such event for a circuit");
      breaker.onOpen(() => {
        throw new Error("the listener failed");
      });
      const backend = new Error("the backend failed");
      const call = await once(time, breaker, "fails", backend);
      expect(call.outcome !== "pending", "the call never settled");
      expect(call.error === backend, `the caller got: ${call.error?.message}`);
      expect((await once(time, breaker, "succeeds")).outcome === "rejected", "it did not open");
    },
  },
  {
    name: "the filter for errors throws",
    expected: "the caller gets the backend's error",
    why: "a bug in the filter becomes an outage",
    source: "",
    async run({ time, make, library }) {
      if (library.name === "nestjs-resilience") throw new NotOffered("has no filter");
      const breaker = make({
        failures: 1,
        open: OPEN,
        filter() {
          throw new Error("the filter failed");
        },
      });
      const backend = new Error("the backend failed");
      const call = await once(time, breaker, "fails", backend);
      expect(call.outcome !== "pending", "the call never settled");
      expect(call.error === backend, `the caller got: ${call.error?.message}`);
    },
  },
];
