// The models of Mendonça and others (ICSA 2020; github.com/ppgia-unifor/resiliency-patterns,
// static-circuit-breaker-ctmc.prism): one client, until a server that fails after every tenth request has served 100
// of its requests. Run twice with the same random numbers: with the automaton of the model, and with this library.
import { createFailfast } from "failfast";
import { chanceOf } from "../../verification/simulation/time.mjs";

const SERVED = 100;
const THINKS = 1;
const CONNECT_TIMEOUT = 2;
const RESPONSE_TIMEOUT = 10;
const RESPONDS = 5;
const BETWEEN_FAILURES = 10;
const ERRORS = 2;
const PROBES = 2;

/** The reference's total time and time of contention, by Monte-Carlo of the model's guards (n = 4 000). */
export const REFERENCE = [
  { availability: 0.5, open: undefined, total: 1_161, contention: 866 },
  { availability: 0.5, open: 10, total: 1_259, contention: 606 },
  { availability: 0.5, open: 20, total: 1_361, contention: 572 },
  { availability: 0.5, open: 40, total: 1_579, contention: 552 },
  { availability: 0.8, open: undefined, total: 748, contention: 590 },
  { availability: 0.8, open: 10, total: 828, contention: 540 },
  { availability: 0.8, open: 20, total: 924, contention: 534 },
  { availability: 0.8, open: 40, total: 1_142, contention: 533 },
  { availability: 1, open: undefined, total: 616, contention: 499 },
  { availability: 1, open: 10, total: 643, contention: 501 },
  { availability: 1, open: 20, total: 666, contention: 500 },
  { availability: 1, open: 40, total: 717, contention: 500 },
];

/** The server, in time that its caller moves: one request, as the model's proxy makes it. */
function serverOf(world, availability) {
  const repair = (1 / availability - 1) * BETWEEN_FAILURES * RESPONDS;
  let requests = 0;
  let repairedAt = 0;
  return function request() {
    // The server fails between requests, and its repair goes on while nobody asks.
    if (world.now < repairedAt) {
      const wait = repairedAt - world.now;
      if (wait > CONNECT_TIMEOUT) {
        world.pass(CONNECT_TIMEOUT, true);
        return false;
      }
      world.pass(wait, true);
    }
    requests++;
    const response = world.draw(RESPONDS);
    const served = response <= RESPONSE_TIMEOUT;
    world.pass(served ? response : RESPONSE_TIMEOUT, true);
    if (requests === BETWEEN_FAILURES) {
      requests = 0;
      repairedAt = world.now + (repair === 0 ? 0 : world.draw(repair));
    }
    return served;
  };
}

function worldOf(seed) {
  const random = chanceOf(seed);
  return {
    now: 0,
    contention: 0,
    draw: (mean) => -mean * Math.log(1 - random()),
    pass(time, contended) {
      this.now += time;
      if (contended) this.contention += time;
    },
  };
}

/** The circuit breaker's automaton, guard by guard. */
function automaton(world, open) {
  let state = "closed";
  let errors = 0;
  let passed = 0;
  let until = 0;
  const opens = () => {
    state = "open";
    until = world.now + open;
  };
  return async (request) => {
    if (state === "open") {
      if (world.now < until) return false;
      state = "half-open";
      passed = 0;
    }
    const served = request();
    if (state === "closed") {
      errors = served ? 0 : errors + 1;
      if (errors === ERRORS) opens();
    } else if (!served) opens();
    else if (++passed === PROBES) {
      state = "closed";
      errors = 0;
    }
    return served;
  };
}

/** The library. The last of a number of failures in a row is the one that counts, as the model has it. */
function library(world, open) {
  let errors = 0;
  const clock = {
    now: () => world.now * 1_000,
    wall: () => 1_800_000_000_000 + world.now * 1_000,
    random: Math.random,
    after: () => () => undefined,
  };
  const circuit = createFailfast({ clock })("server", open, {
    probes: PROBES,
    exceptions: () => circuit.state !== "closed" || ++errors >= ERRORS,
  });
  circuit.on("open", () => {
    errors = 0;
  });
  return (request) =>
    circuit
      .run(async () => {
        if (!request()) throw new Error("time-out");
        errors = 0;
      })
      .then(
        () => true,
        () => false,
      );
}

async function once(make, { availability, open }, seed) {
  const world = worldOf(seed);
  const request = serverOf(world, availability);
  const call = open === undefined ? async () => request() : make(world, open);
  for (let served = 0; served < SERVED; ) {
    world.pass(world.draw(THINKS), false);
    if (await call(request)) served++;
  }
  return world;
}

/** Mean total time and contention of the automaton and of the library, and in how many runs they differ. */
export async function prism(model, runs) {
  const sum = { automaton: { total: 0, contention: 0 }, library: { total: 0, contention: 0 }, different: 0 };
  for (let seed = 1; seed <= runs; seed++) {
    const [a, b] = [await once(automaton, model, seed), await once(library, model, seed)];
    for (const [name, world] of [
      ["automaton", a],
      ["library", b],
    ]) {
      sum[name].total += world.now / runs;
      sum[name].contention += world.contention / runs;
    }
    if (Math.abs(a.now - b.now) > 1e-6) sum.different++;
  }
  return sum;
}
