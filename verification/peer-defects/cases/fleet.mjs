// What several processes share.
import { expect, NotOffered, once, start, trip } from "../world.mjs";

const OPEN = 10_000;

async function fleetOf({ fleet }, size, wanted) {
  const shared = fleet({ failures: 1, open: OPEN, ...wanted });
  const members = [];
  for (let n = 0; n < size; n++) members.push(await shared.join(`host-${n}`));
  return { shared, members };
}

async function reaches(time, breaker) {
  const call = start(time, breaker);
  await time.pass(100);
  if (call.reached) call.succeed();
  await time.pass(20);
  return call.reached;
}

export const fleets = [
  {
    name: "one process trips",
    expected: "another one rejects 100 ms later",
    why: "each of 100 processes has to detect every outage by itself",
    source: "nodeshift/opossum#675, #550; connor4312/cockatiel#89",
    async run(world) {
      const { members } = await fleetOf(world, 3);
      await trip(world.time, members[0]);
      await world.time.pass(100);
      for (const other of members.slice(1)) expect(!(await reaches(world.time, other)), "it went through");
    },
  },
  {
    name: "ten processes at the end of the open time",
    expected: "one of their calls reaches the backend",
    why: "one probe for each process is a crowd",
    source: "gunnargrosch/circuitbreaker-lambda#7; nestjs-resilience",
    async run(world) {
      const { members } = await fleetOf(world, 10);
      await trip(world.time, members[0]);
      await world.time.pass(OPEN);
      const calls = members.map((member) => start(world.time, member));
      await world.time.pass(200);
      const reached = calls.filter((call) => call.reached).length;
      expect(reached === 1, `${reached} of 10 reached it`);
    },
  },
  {
    name: "1 000 calls that succeed, in two processes",
    expected: "no store operation",
    why: "a round trip for each call is the reason that others gave for not sharing state",
    source: "resilience4j#1284; Netflix/Hystrix#1041",
    async run(world) {
      const { shared, members } = await fleetOf(world, 2);
      const before = shared.operations();
      for (let n = 0; n < 500; n++) {
        const calls = members.map((member) => start(world.time, member));
        await world.time.pass(3);
        for (const call of calls) call.succeed();
        await world.time.pass(3);
      }
      const each = (shared.operations() - before) / 1_000;
      expect(each === 0, `${each} operations a call`);
    },
  },
  {
    name: "the store goes down",
    expected: "calls go on, with their own results and errors",
    why: "the store is one more thing that can fail, in front of every call",
    source: "bolshakov/stoplight#419; gobreaker does not run the function; mollitia: an unhandled rejection",
    async run(world) {
      const { time } = world;
      const { shared, members } = await fleetOf(world, 2, { failures: 3 });
      shared.setStore("down");
      const good = await once(time, members[0], "succeeds");
      expect(good.outcome === "served", `a good call ended with: ${good.error?.message ?? good.outcome}`);
      const error = new Error("the backend failed");
      const bad = await once(time, members[0], "fails", error);
      expect(bad.error === error, `a bad call ended with: ${bad.error?.message}`);
      await time.pass(5_000);
    },
  },
  {
    name: "the store is down, and the backend fails",
    expected: "the process still opens its own circuit",
    why: "the store and the backend often go down together",
    source: "bolshakov/stoplight#419, PR#448",
    async run(world) {
      const { time } = world;
      const { shared, members } = await fleetOf(world, 2);
      shared.setStore("down");
      for (let n = 0; n < 5; n++) await once(time, members[0], "fails");
      const call = start(time, members[0]);
      await time.pass(20);
      expect(
        !call.reached && call.outcome === "rejected",
        `${call.reached ? "it let the call through" : call.error?.message}`,
      );
    },
  },
  {
    name: "the store freezes: it accepts requests and never answers",
    expected: "calls end within 50 ms",
    why: "client libraries don't give up by themselves: a frozen Redis freezes the callers",
    source: "node-redis 6 and ioredis 6",
    async run(world) {
      const { time } = world;
      const { shared, members } = await fleetOf(world, 2);
      shared.setStore("frozen");
      const call = start(time, members[0]);
      await time.pass(25);
      call.succeed();
      await time.pass(25);
      expect(call.outcome === "served", "a good call was still pending");
    },
  },
  {
    name: "the process that tripped the circuit dies",
    expected: "the others recover by themselves",
    why: "the timer that ends the open time died with it",
    source: "mollitia's Redis add-on",
    async run(world) {
      const { members } = await fleetOf(world, 3);
      await trip(world.time, members[0]);
      await world.time.pass(100);
      members[0].die();
      await world.time.pass(OPEN);
      expect(await reaches(world.time, members[1]), "no probe");
      expect(await reaches(world.time, members[2]), "it did not close");
    },
  },
  {
    name: "the process that probes dies",
    expected: "another one probes within 15 s",
    why: "the circuit stays half-open until somebody deletes the key",
    source: "AWS Powertools for Python; bagowix/interlock: 300 s",
    async run(world) {
      const { time } = world;
      const { members } = await fleetOf(world, 3);
      await trip(time, members[0]);
      await time.pass(OPEN);
      const probe = start(time, members[1]);
      await time.pass(100);
      expect(probe.reached, "no probe");
      members[1].die();
      await time.pass(15_000);
      expect(await reaches(time, members[2]), "no second probe");
    },
  },
  {
    name: "a call that began before the trip succeeds in another process",
    expected: "it stays open",
    why: "each slow success closes the circuit for the whole fleet",
    source: "circuitbreaker-lambda; fedify",
    async run(world) {
      const { time } = world;
      const { members } = await fleetOf(world, 2);
      const early = start(time, members[1]);
      await time.pass(20);
      expect(early.reached, "the call did not go through");
      await trip(time, members[0]);
      await time.pass(100);
      early.succeed();
      await time.pass(100);
      expect(!(await reaches(time, members[0])), "closed by it");
    },
  },
  {
    name: "the store is emptied while the circuit is open",
    expected: "it stays open for its time",
    why: "a restart of the store, or an eviction, says nothing about the backend",
    source: "danielfm/pybreaker#28; department-of-veterans-affairs/va.gov-team#90373",
    async run(world) {
      const { time } = world;
      const { shared, members } = await fleetOf(world, 2);
      await trip(time, members[0]);
      await time.pass(100);
      await shared.emptyStore();
      await time.pass(1_000);
      for (const member of members) expect(!(await reaches(time, member)), "closed by it");
    },
  },
  {
    name: "a process starts while the circuit is open",
    expected: "it reads the state, and the circuit stays open",
    why: "a deployment closes the circuit",
    source: "danielfm/pybreaker#26",
    async run(world) {
      const { time } = world;
      const { shared, members } = await fleetOf(world, 2);
      await trip(time, members[0]);
      await time.pass(100);
      const fresh = await shared.join("host-new");
      expect(!(await reaches(time, fresh)), "the new process let a call through");
      expect(!(await reaches(time, members[1])), "closed by it");
    },
  },
  {
    name: "one of five hosts is broken; a trip needs two hosts",
    expected: "the others go on",
    why: "one host with broken DNS stops the calls of the whole fleet",
    source: "App-vNext/Polly#287, #259",
    async run(world) {
      if (world.library.name !== "failfast") throw new NotOffered("has no quorum");
      const { time } = world;
      const { members } = await fleetOf(world, 5, { quorum: 2 });
      for (let n = 0; n < 3; n++) await once(time, members[0], "fails");
      await time.pass(1_000);
      expect(!(await reaches(time, members[0])), "the broken host is not held back");
      for (const member of members.slice(1)) expect(await reaches(time, member), "opened for a healthy host");
    },
  },
  {
    name: "an operator resets the circuit in one process",
    expected: "it is closed in all of them",
    why: "nobody wants to reset 40 pods one by one",
    source: "resilience4j#1756",
    async run(world) {
      const { time } = world;
      const { members } = await fleetOf(world, 3);
      if (members[0].reset === undefined) throw new NotOffered("has no such verb");
      await trip(time, members[0]);
      await time.pass(100);
      void members[1].reset();
      await time.pass(500);
      for (const member of members) expect(await reaches(time, member), "still open in one of them");
    },
  },
];
