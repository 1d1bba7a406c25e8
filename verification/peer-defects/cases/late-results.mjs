// Results of calls that began before the circuit's last transition.
import { expect, once, start, trip } from "../world.mjs";

const OPEN = 1_000;

/** An open circuit with calls under way that began before it opened; its open time is over. */
async function afterTrip({ time, make }) {
  const breaker = make({ failures: 1, open: OPEN });
  const early = [start(time, breaker), start(time, breaker)];
  await time.turn();
  await trip(time, breaker);
  return { breaker, early };
}

async function admits(time, breaker) {
  const call = start(time, breaker);
  await time.pass(10);
  return call.reached;
}

export const lateResults = [
  {
    name: "a call that began before the trip succeeds while the circuit is open",
    expected: "it stays open",
    why: "an answer to a call from before the failure says nothing about the backend after it",
    source: "rule of the field; circuitbreaker-lambda 1.0 closes",
    async run({ time, make }) {
      const { breaker, early } = await afterTrip({ time, make });
      early[0].succeed();
      await time.pass(10);
      expect(!(await admits(time, breaker)), "closed by it");
    },
  },
  {
    name: "a call that began before the trip succeeds while a probe is under way",
    expected: "the probe decides",
    why: "a dead backend is taken for healthy, and gets all the traffic",
    source: "opossum",
    async run({ time, make }) {
      const { breaker, early } = await afterTrip({ time, make });
      await time.pass(OPEN);
      const probe = start(time, breaker);
      await time.pass(10);
      expect(probe.reached, "no probe");
      early[0].succeed();
      await time.pass(10);
      expect(!(await admits(time, breaker)), "closed by it");
    },
  },
  {
    name: "a call that began before the trip fails while a probe is under way",
    expected: "the probe decides: it succeeds, and the circuit closes",
    why: "slow failures from an outage that is over keep the circuit open",
    source: "connor4312/cockatiel#64; App-vNext/Polly PR#223",
    async run({ time, make }) {
      const { breaker, early } = await afterTrip({ time, make });
      await time.pass(OPEN);
      const probe = start(time, breaker);
      await time.pass(10);
      expect(probe.reached, "no probe");
      early[0].fail();
      await time.pass(10);
      probe.succeed();
      await time.pass(10);
      expect(await admits(time, breaker), "open after its probe succeeded");
    },
  },
  {
    name: "a call that began before the trip fails after the circuit has closed",
    expected: "it stays closed",
    why: "calls that hung during the outage trip the circuit again when they time out",
    source: "App-vNext/Polly PR#223",
    async run({ time, make }) {
      const { breaker, early } = await afterTrip({ time, make });
      await time.pass(OPEN);
      expect((await once(time, breaker, "succeeds")).outcome === "served", "no probe");
      early[0].fail();
      await time.pass(10);
      expect(await admits(time, breaker), "tripped by it");
    },
  },
];
