// The state of the model: a store, messages on their way, and three processes.
import { TICK } from "./times.mjs";

/** A copy that a step may change: records, states of a circuit and writes are replaced, never changed. */
export const fork = (world) => ({
  ...world,
  tied: false,
  tie: 1,
  members: world.members.map((member) => ({ ...member })),
});

function newWorld(process, options) {
  const { crashes = 0, losses = 0, cuts = 0, forgets = 0, operations = 0, holds = 0, pauses = 0 } = options;
  return {
    now: 1_000_000,
    store: null,
    /** What a store has again after it lost its last write. */
    old: null,
    /** Written records, which may arrive any number of times or never, in any order. */
    net: [],
    /** Writes whose senders no longer wait. */
    orphans: [],
    /** An operator's hold, which processes learn of some time later. */
    hold: undefined,
    /** How many faults of each kind are left. */
    left: { crashes, losses, cuts, forgets, operations, holds, pauses },
    /** A promise that only a store with a memory can keep is no longer checked. */
    forgot: false,
    doubter: options.doubter,
    /** Whether probes that end as neither are counted, so that others get their turn. */
    turns: options.neither !== undefined,
    /** What is wrong with a step of the reducer. */
    wrong: undefined,
    nested: 0,
    tied: false,
    tie: 1,
    members: [0, 1, 2].map((index) => process.newProcess(index, 0)),
    path: undefined,
  };
}

/**
 * The start of a setting: `open`, which all know; `leased`, from one process's probe, which all know; or `voted`, from
 * one process's vote, which all know. `neither`: how many probes of the process with the lease ended as neither.
 */
export function begin(process, options) {
  const world = newWorld(process, options);
  if (options.start === undefined) return world;
  const [first, ...others] = world.members;
  const carryOut = () => {
    if (first.write !== null) {
      first.write = process.land(world, first.write);
      process.answer(world, first);
    }
    for (const other of others) process.hear(world, other, world.store, false);
  };
  process.enter(world, first, true);
  process.failCall(world, first);
  process.flush(world, first);
  carryOut();
  if (options.start === "leased") {
    while (process.standing(world, first).kind === "open") tick(world);
    process.enter(world, first, true);
    carryOut();
    const { neither = 0 } = options;
    first.state = { ...first.state, recovery: { ...first.state.recovery, neither } };
  }
  world.old = null;
  prune(world);
  return world;
}

export function tick(world) {
  world.now += TICK;
}

export function spend(world, what) {
  world.left = { ...world.left, [what]: world.left[what] - 1 };
}

export function forget(world, entry) {
  spend(world, "forgets");
  world.forgot = true;
  world.store = entry;
  world.old = null;
}

/** Nobody has to learn any more of what everybody knows to be over. */
export function prune(world) {
  if (world.net.length > 0)
    world.net = world.net.filter((entry) => world.members.some((my) => !isOld(entry, my)));
}

export const isOld = (entry, { cached, stored }) =>
  cached !== undefined &&
  stored &&
  cached.record.revision >= entry.record.revision &&
  (cached.record.revision > entry.record.revision || cached.raw === entry.raw);
