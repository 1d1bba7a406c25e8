// The circuit of one process, by the shipped reducer, and the counts of the model.
import { OPEN } from "./times.mjs";

const SETTINGS = {
  openMs: OPEN,
  recovery: "probe",
  probes: 1,
  window: OPEN,
  backoffFactor: 1,
  backoffMax: OPEN,
  backoffJitter: 0,
  retryAfterMin: 0,
  retryAfterMax: 3 * OPEN,
  scope: "fleet",
  quorum: 1,
  mode: "enforce",
};

/** Feeds events. `promises` returns what is wrong with a step of the reducer, if anything. */
export function circuitsOf(library, options, promises) {
  const { INITIAL, NO_PROBE, activeHold, reduce, standingOf } = library;
  const settings = { ...SETTINGS, ...options.settings };
  const owns = new Map();

  const newProcess = (index, life) => ({
    index,
    life,
    owner: "abc"[index] + life,
    state: INITIAL,
    cached: undefined,
    seen: 0,
    stored: undefined,
    storedDeadline: 0,
    restoring: false,
    write: null,
    leaseDelayed: false,
    operation: "",
    /** The epoch of the call under way, until it is void. The state has the probe under way. */
    call: undefined,
    /** A call from before the opening is still under way. */
    late: false,
    /** When callers stop waiting for the lease. */
    waiting: [],
    strikes: false,
    down: false,
    /** How many calls were rejected for lack of a lease since the circuit opened. */
    wanting: 0,
  });

  function ownOf({ owner, index }) {
    let own = owns.get(owner);
    if (own === undefined) {
      own = { settings, owner, host: `h${index}`, identity: owner };
      owns.set(owner, own);
    }
    return own;
  }
  const standing = (world, my) => standingOf(my.state, world.now, ownOf(my));

  /** The results of an event: effects for the process to carry out, and the answer to a call. */
  function feed(world, my, event) {
    const own = ownOf(my);
    const before = my.state;
    const step = reduce(before, event, world.now, own);
    my.state = step.state;
    world.wrong ??= promises(before, event, step, world.now, own, my);
    if (my.call !== undefined && my.call !== my.state.epoch) {
      my.call = undefined;
      my.late = options.late === true;
    }
    const { kind } = standing(world, my);
    if (kind === "open" || kind === "closed" || opensAnew(before.record, my.state.record)) my.wanting = 0;
    world.trace?.push(`${my.owner}: ${event.type} ${event.outcome ?? step.answer ?? ""}, ${kind}`);
    return step;
  }

  /** Only a lease is missing; the waiter's own request does not count as a probe of somebody. */
  function wantsLease(world, my, asked) {
    const state = asked && my.state.probe.kind === "waiting" ? { ...my.state, probe: NO_PROBE } : my.state;
    return (
      standingOf(state, world.now, ownOf(my)).kind === "due" && activeHold(my.state, world.now) === undefined
    );
  }

  return { newProcess, ownOf, standing, feed, wantsLease };
}

/** It may learn of an opening when the open time is already over. */
function opensAnew(before, after) {
  return after?.record.state === "open" && after.record.generation !== before?.record.generation;
}
