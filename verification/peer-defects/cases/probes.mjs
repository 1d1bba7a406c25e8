// What happens when the open time is over.
import { expect, NotOffered, once, start, trip } from "../world.mjs";

const OPEN = 1_000;

async function due({ time, make }, wanted = {}) {
  const breaker = make({ failures: 1, open: OPEN, ...wanted });
  await trip(time, breaker);
  await time.pass(OPEN);
  return breaker;
}

async function crowd(time, breaker, size) {
  const calls = Array.from({ length: size }, () => start(time, breaker));
  await time.pass(20);
  return calls;
}

/** The time until a healthy backend is called again, in seconds, tried every 100 ms. */
async function secondsUntilServed(time, breaker, most) {
  for (let waited = 0; waited < most; waited += 0.1) {
    const call = start(time, breaker);
    call.succeed();
    await time.pass(100);
    if (call.outcome === "served") return waited;
  }
  return undefined;
}

export const probes = [
  {
    name: "50 calls at the end of the open time",
    expected: "one of them reaches the backend",
    why: "all calls at once bring a backend down that is just recovering",
    source: "gunnargrosch/circuitbreaker-lambda#7; safe-global/safe-client-gateway PR#3442 (an outage)",
    async run(world) {
      const breaker = await due(world);
      const reached = (await crowd(world.time, breaker, 50)).filter((call) => call.reached).length;
      expect(reached === 1, `${reached} of 50 reached it`);
    },
  },
  {
    name: "calls made while a slow probe is under way",
    expected: "they end within 100 ms",
    why: "a breaker should fail fast: callers that wait for a hung probe hang as well",
    source: "cockatiel: 1 000 calls pending behind one probe",
    async run(world) {
      const breaker = await due(world);
      const calls = await crowd(world.time, breaker, 10);
      await world.time.pass(100);
      const waiting = calls.filter((call) => !call.reached && call.outcome === "pending").length;
      expect(waiting === 0, `${waiting} of 9 wait for as long as the probe takes`);
    },
  },
  {
    name: "a probe that never settles, and no time-out set",
    expected: "another probe runs within 60 s, and the circuit closes",
    why: "the circuit stays half-open although the backend is healthy: six days in one incident",
    source: "diegosouzapw/OmniRoute#13836; App-vNext/Polly#1979; nodeshift/opossum#276",
    async run(world) {
      const breaker = await due(world);
      const probe = start(world.time, breaker);
      await world.time.pass(10);
      expect(probe.reached, "no probe");
      const seconds = await secondsUntilServed(world.time, breaker, 60);
      expect(seconds !== undefined, "no call served in 60 s; a time-out would end it");
    },
  },
  {
    name: "a probe that never settles, with a time-out of 200 ms",
    expected: "another probe runs after the open time, and the circuit closes",
    why: "the ordinary form of the case above",
    source: "as above",
    async run(world) {
      const breaker = await due(world, { timeout: 200 });
      const probe = start(world.time, breaker);
      await world.time.pass(10);
      expect(probe.reached, "no probe");
      const seconds = await secondsUntilServed(world.time, breaker, 10);
      expect(seconds !== undefined, "no call served in 10 s");
    },
  },
  {
    name: "the caller aborts the probe",
    expected: "it doesn't close, and another probe can run within the open time",
    why: "an abort says nothing about the backend; and if the permit is never given back, no probe can run again",
    source: "Polly v8 closes on it; resilience4j#2172",
    async run(world) {
      const { time } = world;
      const breaker = await due(world);
      const caller = new AbortController();
      const probe = start(time, breaker, { signal: caller.signal, obeys: true });
      await time.pass(10);
      if (probe.signal === undefined) throw new NotOffered("takes no signal");
      expect(probe.reached, "no probe");
      caller.abort();
      await time.pass(10);
      // If it had closed, both of these would be admitted at once.
      const next = await crowd(time, breaker, 2);
      expect(next.filter((call) => call.reached).length < 2, "closed by it");
      for (const call of next) call.succeed();
      expect((await secondsUntilServed(time, breaker, 2)) !== undefined, "no probe within 2 s");
    },
  },
  {
    name: "a probe fails",
    expected: "it is open for the same time again, and the next probe closes it",
    why: "the ordinary case",
    source: "",
    async run(world) {
      const { time } = world;
      const breaker = await due(world);
      await once(time, breaker, "fails");
      expect((await once(time, breaker, "succeeds")).outcome === "rejected", "it did not open again");
      await time.pass(OPEN);
      expect((await once(time, breaker, "succeeds")).outcome === "served", "no second probe");
      expect((await once(time, breaker, "succeeds")).outcome === "served", "it did not close");
    },
  },
];
