// The backend works again: does the circuit recover, however it is called?
import { expect, NotOffered, once, start, trip } from "../world.mjs";

const OPEN = 10_000;
const HOUR = 3_600_000;

/** The outcome of one call of a wrapped function: `served`, `rejected`, `threw`, or `pending` after that time. */
async function call(time, fn, ms, ...args) {
  let end = "pending";
  const ended = (result) => () => {
    end = result;
  };
  try {
    const outcome = fn(...args);
    if (typeof outcome?.then !== "function") return "served";
    outcome.then(ended("served"), ended("rejected"));
  } catch {
    return "threw";
  }
  await time.pass(ms);
  return end;
}

/** A function behind its own circuit, and the switch that says whether its backend works. */
function guarded({ time, make }, work) {
  const breaker = make({ failures: 1, open: OPEN });
  if (breaker.wrap === undefined) throw new NotOffered("wraps no function");
  const backend = { well: false };
  const guard = breaker.wrap((...args) => {
    if (!backend.well) throw new Error("the backend failed");
    return work(...args);
  });
  const failing = async () => {
    for (let n = 0; n < 50; n++) await call(time, guard, 10, 0);
    backend.well = true;
  };
  return { guard, failing };
}

export const comingBack = [
  {
    name: "called once an hour",
    expected: "the first call after the outage succeeds, and all later ones",
    why: "a circuit that needs frequent calls to close never closes for a rare caller",
    source: "",
    async run(world) {
      const breaker = world.make({ failures: 1, open: OPEN });
      await trip(world.time, breaker);
      for (let n = 1; n <= 3; n++) {
        await world.time.pass(HOUR);
        const { outcome } = await once(world.time, breaker, "succeeds");
        expect(outcome === "served", `call ${n} was ${outcome}`);
      }
    },
  },
  {
    name: "a sync function, called once an hour",
    expected: "at most one call is rejected",
    why: "a sync caller can't wait for the shared state, and must recover too",
    source: "failfast 0.1: 672 calls of a week, all rejected",
    async run(world) {
      const { guard, failing } = guarded(world, () => "done");
      await failing();
      const ends = [];
      for (let n = 0; n < 4; n++) {
        await world.time.pass(HOUR);
        ends.push(await call(world.time, guard, 10));
      }
      const lost = ends.filter((end) => end !== "served").length;
      expect(lost <= 1, `${lost} of 4 were not served`);
    },
  },
  {
    name: "a function that calls itself through its own circuit",
    expected: "the call succeeds, and the circuit closes",
    why: "the inner call waits for the probe that it belongs to, or is rejected because of it",
    source: "failfast 0.1: it stayed half-open",
    async run(world) {
      const { guard, failing } = guarded(world, async (left) => (left > 0 ? guard(left - 1) : "done"));
      await failing();
      const ends = [];
      for (let n = 0; n < 4; n++) {
        await world.time.pass(OPEN + 1_000);
        ends.push(await call(world.time, guard, 5_000, 2));
      }
      expect(ends.includes("served"), `four calls, ${OPEN / 1_000} s apart: ${ends.join(", ")}`);
      expect((await call(world.time, guard, 5_000, 2)) === "served", "it did not close");
    },
  },
  {
    name: "a backend that answers after 15 s, called every second, no time-out set",
    expected: "it closes within two minutes, and no call waits for another call",
    why: "if a probe takes longer than the half-open state lasts, the next probe begins, and none ever closes the circuit",
    source: "failfast 0.1, where a lease was not shared",
    async run(world) {
      const { time } = world;
      const breaker = world.make({ failures: 1, open: OPEN });
      await trip(time, breaker);
      await time.pass(OPEN);
      let waited = 0;
      let closed = false;
      for (let second = 0; second < 120 && !closed; second++) {
        const pair = [start(time, breaker), start(time, breaker)];
        await time.pass(1_000);
        for (const each of pair) {
          if (each.reached) time.clock.after(14_000, () => each.succeed());
          else if (each.outcome === "pending") waited++;
        }
        closed = pair.every((each) => each.reached);
      }
      expect(closed, "it did not close in two minutes");
      expect(waited === 0, `${waited} calls waited behind another one's probe`);
    },
  },
  {
    name: "an hourly job, a new process for each run, that shares a store",
    expected: "at most one run is rejected",
    why: "each run sees an open circuit, and no process lives long enough to close it",
    source: "failfast 0.1: 168 of 168 runs of a week rejected",
    async run(world) {
      const shared = world.fleet({ failures: 1, open: OPEN });
      const first = await shared.join("host-0");
      await trip(world.time, first);
      await world.time.pass(100);
      first.die();
      const ends = [];
      for (let n = 1; n <= 4; n++) {
        await world.time.pass(HOUR);
        const job = await shared.join(`host-${n}`);
        ends.push((await once(world.time, job, "succeeds")).outcome);
        await world.time.pass(100);
        job.die();
      }
      const lost = ends.filter((end) => end !== "served").length;
      expect(lost <= 1, `${lost} of 4 runs were not served`);
    },
  },
];
