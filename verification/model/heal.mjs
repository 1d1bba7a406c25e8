// From any state, without further faults, the circuit closes everywhere, whoever calls, however often, and however
// slow the probe.

import { restart } from "./steps.mjs";
import { TICK } from "./times.mjs";
import { fork, prune, tick } from "./world.mjs";

/** The number of ticks that must be enough. */
const PATIENCE = 80;

/**
 * The healthy world. `every`: a process has a call once in that many ticks, each process at another one. `lasts`: how
 * long a probe takes, in ticks. `far`: the store answers a tick later. `jobs`: each call belongs to a new process.
 * `down`: everything but the store works. `silent`: the probes of that process end as neither.
 */
export const RECOVERIES = {
  "callers that wait": { canWait: true },
  "callers that can't wait": { canWait: false },
  "probes slower than their lease": { canWait: true, lasts: 3 },
  "slow probes of callers that can't wait": { canWait: false, lasts: 5 },
  "rare callers": { canWait: false, every: 7 },
  "rare callers that wait": { canWait: true, every: 4 },
  "a far store": { canWait: true, far: true },
  "a far store, callers that can't wait": { canWait: false, far: true, every: 2 },
  "probes of one process that end as neither": { canWait: true, far: true, silent: 0 },
  "a new process for each call": { canWait: false, every: 5, jobs: true },
  "no store": { canWait: true, down: true },
  "no store, slow probes": { canWait: false, lasts: 3, down: true },
};

export function healOf(process, options) {
  const started = new Map();

  /** What is wrong, if the circuit does not close or a step breaks a promise, and the path to it. */
  return function heal(from, name) {
    const wrong = follow(fork(from), name);
    if (wrong === undefined) return undefined;
    const told = { ...fork(from), trace: [`from here on it is healthy: ${name}`] };
    follow(told, name);
    return { wrong, trace: told.trace };
  };

  function follow(world, name) {
    const plan = RECOVERIES[name];
    // A store that forgot a lease may give two of one generation, and then who gave one back is not told apart.
    if (plan.silent !== undefined && world.forgot) return undefined;
    started.clear();
    world.hold = undefined;
    world.turns ||= plan.silent !== undefined;
    if (plan.down) for (const my of world.members) my.down = true;
    for (let ticks = 0; ticks < PATIENCE; ticks++) {
      while (world.orphans.length > 0) process.land(world, world.orphans.pop());
      for (let turns = 0; turns < 3; turns++)
        for (const { index } of [...world.members]) turn(world, index, plan, ticks, turns === 0);
      prune(world);
      if (world.wrong) return world.wrong;
      if (isWell(world, plan)) return undefined;
      tick(world);
      world.trace?.push(`tick ${ticks + 1}`);
      world.orphans = [];
    }
    const stands = world.members.map((my) => `${my.owner} ${process.standing(world, my).kind}`);
    return `no state is a dead end: ${stands.join(", ")} after ${PATIENCE} ticks of ${name}`;
  }

  function turn(world, index, plan, ticks, first) {
    const { every = 1 } = plan;
    const called = first && (ticks + index * 2) % every === 0;
    if (plan.jobs && called) restart(process, world, world.members[index]);
    const my = world.members[index];
    if (plan.down) {
      if (my.write !== null) process.lose(world, my);
      world.orphans = [];
    } else carryOut(world, my, plan, first);
    if (my.state.hold !== undefined) process.hold(world, my);
    my.call = undefined;
    my.late = false;
    while (my.waiting.some((until) => world.now >= until)) process.enterAgain(world, my);
    if (called && process.standing(world, my).kind !== "closed") {
      process.enter(world, my, plan.canWait);
      if (!plan.down && !plan.far) settleWrites(world, my);
    }
    endProbe(world, my, plan);
    if (!plan.down && !plan.far) settleWrites(world, my);
  }

  function carryOut(world, my, plan, first) {
    if (!plan.far) settleWrites(world, my);
    // Requests of the tick before are answered in this one.
    else if (first && my.write !== null) {
      if (my.write.phase === "sent") my.write = process.land(world, my.write);
      process.answer(world, my);
    }
    if (plan.far && !first) return;
    if (my.operation !== "" && my.write === null) process.sendOperation(world, my);
    process.poll(world, my);
    if (my.restoring && my.write === null) process.restore(world, my);
    if (!plan.far) settleWrites(world, my);
  }

  function settleWrites(world, my) {
    for (let writes = 0; my.write !== null && writes < 16; writes++) {
      if (my.write.phase === "sent") my.write = process.land(world, my.write);
      process.answer(world, my);
    }
  }

  /** Each probe succeeds after its time, or ends as neither. */
  function endProbe(world, my, { lasts = 0, silent }) {
    const { probe } = my.state;
    if (probe.kind !== "running") return;
    const key = `${my.owner}.${probe.epoch}`;
    if (!started.has(key)) started.set(key, world.now);
    if (world.now - started.get(key) >= lasts * TICK)
      process.endProbe(world, my, my.index === silent ? "is released" : "succeeds");
  }

  function isWell(world, plan) {
    return world.members.every((my) => {
      // Open here alone, it closes by no probe but its own.
      if (my.index === plan.silent) return true;
      if (process.standing(world, my).kind !== "closed") return false;
      if (plan.down) return true;
      if (my.write !== null || my.waiting.length > 0) return false;
      if (options.settings?.scope === "process" || options.settings?.mode === "shadow") return true;
      if (world.store === null) return my.cached === undefined || my.cached.record.state === "closed";
      if (options.settings?.recovery === "all") return true;
      // A record that was restored in an emptied store may be older than a closing that one process saw.
      return my.cached?.raw === world.store.raw || (world.forgot && my.cached?.record.state === "closed");
    });
  }
}
