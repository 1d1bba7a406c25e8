// What one process of the model does, step by step: breaker, replica and writer in short, deciding by the machine.
//
// Times are in units of which a tick has ten, so that the writes of one moment have room for their revisions.

import { isDeepStrictEqual } from "node:util";

export const TICK = 10;
export const OPEN = 2 * TICK;
const LEASE = 2 * TICK;
/** The doubling of leases is left out beyond this. */
const LAPSES = 1;

const OWNERS = ["a", "b", "c"];

/** No record is this. */
const NOTHING = { raw: "" };

/** The steps of a process, over the state of a world that they change. */
export function stepsOf(machine, options) {
  const { compare, decodeCircuit, encode, generationOf, hasVoted, inForce, proposal, stands, unclosed } =
    machine;
  const { quorum = 1, probes = 1 } = options;
  const known = new Map();

  /** A record with its bytes, the same object for the same bytes. */
  function stored(record, world) {
    const raw = encode(record);
    let found = known.get(raw);
    if (found === undefined) {
      found = { raw, record, readable: isDeepStrictEqual(decodeCircuit(raw, world.now), record) };
      known.set(raw, found);
    }
    return found;
  }

  const newProcess = (index, life) => ({
    index,
    owner: OWNERS[index] + life,
    life,
    sighting: null,
    seen: 0,
    stored: undefined,
    storedDeadline: 0,
    overlay: null,
    write: null,
    probe: null,
    term: "closed",
    generation: 0,
    call: false,
    trial: false,
    strikes: false,
    down: false,
    restoring: false,
  });

  const standing = (world, my) => machine.standing(my.sighting, my.overlay, world.now);
  const isMine = (my) => my.sighting?.record.owner === my.owner;
  const probing = (world, my) => my.probe !== null && world.now < my.probe.until;

  function pending(world, my) {
    const { overlay } = my;
    if (overlay === null) return false;
    if (overlay.state === "closed") return !overlay.silent;
    if (overlay.state === "half-open") return unclosed(my.sighting);
    if (world.now >= overlay.until) return false;
    if (overlay.reach === "fleet" || isMine(my)) return true;
    return !hasVoted(my.sighting?.record.votes ?? [], hostOf(my));
  }
  const hostOf = (my) => `h${my.index}`;

  /** Calls in flight under an earlier term are let go: their results are void. */
  function settle(world, my, moved) {
    my.generation = generationOf(my.sighting);
    const shut = standing(world, my).state !== "closed";
    if (!shut && (moved || my.term !== "closed")) newTerm(my, "closed");
    if (shut && (moved || my.term !== "probe" || my.probe === null)) newTerm(my, "shut");
  }
  function newTerm(my, term) {
    my.term = term;
    my.call = false;
    my.trial = false;
  }

  // Calls

  function enter(world, my) {
    const { state } = standing(world, my);
    if (state === "closed") {
      if (my.term !== "closed") settle(world, my, false);
      my.call = true;
    } else if (state === "half-open") {
      if (isMine(my) && my.probe === null) begin(my, my.sighting.deadline, false);
    } else if (state === "due" && !probing(world, my)) {
      const alone = my.overlay !== null && my.overlay.state !== "closed" && !unclosed(my.sighting);
      const lapsed = lapsedWith(my.sighting?.record);
      if (my.down || my.strikes || alone) begin(my, world.now + leaseTime(lapsed), true);
      else write(world, my, "lease");
    }
  }

  function begin(my, until, local) {
    my.probe = { until, local };
    my.term = "probe";
    my.trial = true;
  }

  const lapsedWith = (record) =>
    record?.state === "half-open" ? Math.min(record.lapsed + (record.owner === "" ? 0 : 1), LAPSES) : 0;
  const leaseTime = (lapsed) => LEASE * 2 ** lapsed;

  function lease(world, my, stamp) {
    if (standing(world, my).state !== "due") return null;
    const record = my.sighting?.record ?? null;
    const own = my.overlay?.state === "half-open" ? my.overlay : null;
    const lapsed = Math.max(lapsedWith(record) - (own ? 1 : 0), 0);
    return machine.leased(stamp, own && record ? { ...record, passed: own.passed } : record, {
      owner: my.owner,
      duration: leaseTime(lapsed),
      lapsed,
    });
  }

  function failCall(world, my) {
    my.call = false;
    open(world, my, 0, false);
  }

  function endTrial(world, my, how) {
    const record = my.sighting?.record;
    const passed = my.overlay?.state === "half-open" ? my.overlay.passed : (record?.passed ?? 0);
    const base = generationOf(my.sighting);
    my.probe = null;
    my.trial = false;
    if (how === "fails") {
      open(world, my, 1, false);
    } else if (how === "is abandoned") decide(world, my, { state: "half-open", base, passed });
    else if (passed + 1 < probes) decide(world, my, { state: "half-open", base, passed: passed + 1 });
    else decide(world, my, { state: "closed", base, reason: "", silent: false });
  }

  function open(world, my, reopens, manual) {
    decide(world, my, {
      state: "open",
      base: generationOf(my.sighting),
      until: world.now + OPEN,
      duration: OPEN,
      reason: "",
      manual,
      reopens,
      apart: my.down,
      reach: quorum > 1 && !manual ? "vote" : "fleet",
    });
  }

  function decide(world, my, overlay) {
    my.overlay = overlay;
    settle(world, my, true);
    if (overlay.manual) return;
    // A vote goes out after a while: `flush` is a step of its own.
    if (overlay.state !== "open" || overlay.reach !== "vote" || isMine(my)) flush(world, my);
  }

  // Writes: sent, carried out by the store, answered; or lost on either way.

  function flush(world, my) {
    if (!pending(world, my) || my.down) return;
    write(world, my, "overlay");
  }

  function recordFor(world, my, kind, stamp) {
    const { overlay, sighting } = my;
    switch (kind) {
      case "lease":
        return lease(world, my, stamp);
      case "overlay":
        return (
          overlay &&
          proposal(overlay, sighting, world.now, stamp, {
            host: hostOf(my),
            owner: my.owner,
            quorum,
            window: OPEN,
          })
        );
      case "restore": {
        const survivor = surviving(world, my);
        return survivor && machine.renewed(stamp, survivor);
      }
      case "trip":
        return machine.opened(stamp, { duration: OPEN, reason: "", manual: true });
      case "reset":
        return machine.closed(stamp, "");
    }
  }

  function write(world, my, kind) {
    if (my.write === null) attempt(world, my, kind);
  }

  function attempt(world, my, kind) {
    const revision = machine.nextRevision(my.seen, world.now);
    const stamp = { revision, nonce: nonce(world, my, revision), now: world.now, by: my.owner };
    const overlay = my.overlay;
    const record = recordFor(world, my, kind, stamp);
    my.write = null;
    if (record === null) {
      if (kind === "overlay" && my.overlay === overlay && overlay !== null) dropped(world, my);
      return;
    }
    const over = my.stored ?? null;
    const entry = stored(record, world);
    my.write = { kind, over, entry, overlay, at: world.now, host: hostOf(my), phase: "sent", found: null };
  }

  /** Chance decides between two writes with one revision: the world says how this time, and hears that it mattered. */
  function nonce(world, my, revision) {
    const ties = (entry) => entry?.record?.revision === revision;
    if (ties(world.store) || ties(world.old) || world.net.some(ties) || world.members.some(holdsTie))
      world.tied = true;
    return `${world.tied ? world.tie : 5}${my.owner}`;

    function holdsTie(other) {
      return ties(other.sighting) || (options.forgets > 0 && other !== my && ties(other.write?.entry));
    }
  }

  function dropped(world, my) {
    const { overlay } = my;
    const ours =
      stands(overlay, my.sighting, world.now) &&
      (overlay.state === "half-open" || (overlay.state === "open" && !unclosed(my.sighting)));
    if (!ours) my.overlay = null;
    settle(world, my, false);
  }

  /** The swap reaches the store. */
  function land(world, write) {
    if (world.store?.raw !== write.over?.raw) return { ...write, phase: "refused", found: world.store };
    if (options.forgets > 0) world.old = world.store;
    world.store = write.entry;
    if (!world.net.includes(write.entry)) world.net = [...world.net, write.entry];
    return { ...write, phase: "done", found: write.entry };
  }

  function answer(world, my) {
    const { write } = my;
    if (write.phase === "done" || write.found?.raw === write.entry.raw) {
      receive(world, my, write.entry, true);
      if (my.write === write) granted(world, my);
      return;
    }
    my.write = { ...write, entry: NOTHING };
    receive(world, my, write.found, true);
    attempt(world, my, write.kind);
    if (my.write === null) flush(world, my);
  }

  function granted(world, my) {
    const { kind, overlay: written } = my.write;
    my.write = null;
    my.strikes = false;
    if (kind === "overlay") {
      const generation = generationOf(my.sighting);
      const { overlay } = my;
      const open = my.sighting?.record.state === "open" && inForce(my.sighting, world.now);
      if (overlay === written && (overlay?.state !== "open" || open)) my.overlay = null;
      else if (overlay !== null) my.overlay = { ...overlay, base: generation };
      settle(world, my, false);
    } else if (kind === "restore") changed(world, my);
    else {
      my.overlay = null;
      my.probe = null;
      settle(world, my, true);
    }
    flush(world, my);
  }

  /** No answer came in time. What was sent may still arrive. */
  function lose(world, my) {
    const { write } = my;
    if (write.phase === "sent") world.orphans = [...world.orphans, write];
    my.write = null;
    my.strikes = true;
    if (write.kind === "overlay" && my.overlay?.state === "open") my.overlay = { ...my.overlay, apart: true };
  }

  // The replica

  function lacks(world, my) {
    my.stored = null;
    if (surviving(world, my) !== null) my.restoring = true;
  }

  function receive(world, my, entry, current) {
    if (entry === null) {
      lacks(world, my);
      return;
    }
    const change = entry.raw !== my.stored?.raw;
    if (current || !my.stored) my.stored = entry;
    const { sighting } = my;
    const { record } = entry;
    my.seen = Math.max(my.seen, record.revision);
    const longest = record.state === "half-open" ? leaseTime(LAPSES) : OPEN;
    let deadline = world.now + (record.until === 0 ? 0 : Math.min(record.until - world.now, longest));
    if (sighting !== null && sameDeadline(sighting.record, record))
      deadline = Math.min(deadline, sighting.deadline);
    const order = sighting === null ? 1 : compare(entry, sighting);
    if (order < 0) {
      if (change && my.stored?.raw === entry.raw) my.storedDeadline = deadline;
      if (current && surviving(world, my) !== null) my.restoring = true;
      return;
    }
    my.stored = entry;
    my.sighting = { raw: entry.raw, record, deadline };
    if (order === 0) return;
    // By push it may be known to be written before the answer is here.
    if (my.write?.entry.raw === entry.raw) granted(world, my);
    else {
      my.strikes = false;
      changed(world, my);
    }
  }

  const sameDeadline = (one, other) =>
    one.until === other.until && one.state === other.state && one.until !== 0;

  function changed(world, my) {
    const moved = generationOf(my.sighting) !== my.generation;
    if (moved) {
      if (my.overlay !== null && !stands(my.overlay, my.sighting, world.now)) my.overlay = null;
      if (probing(world, my) && isMine(my) && my.overlay === null) {
        settle(world, my, false);
        return;
      }
      my.probe = null;
    }
    settle(world, my, moved);
  }

  function poll(world, my) {
    const current = my.write === null;
    if (world.store !== null) receive(world, my, world.store, current);
    else if (current) lacks(world, my);
    my.down = false;
    flush(world, my);
  }

  function surviving(world, my) {
    const { sighting, stored } = my;
    if (sighting === null || (stored && stored.record.revision >= sighting.record.revision)) return null;
    const mine = inForce(sighting, world.now) ? sighting.record : null;
    const theirs =
      stored && stored.record.state !== "closed" && world.now < my.storedDeadline ? stored.record : null;
    if (mine === null || theirs === null) return mine ?? theirs;
    const order =
      machine.restrictiveness(theirs.state) - machine.restrictiveness(mine.state) ||
      theirs.until - mine.until;
    return order > 0 ? theirs : mine;
  }

  function restore(world, my) {
    my.restoring = false;
    if (surviving(world, my) === null) return;
    write(world, my, "restore");
  }

  // Operators

  function operate(world, my, verb) {
    if (verb === "trip") {
      my.probe = null;
      open(world, my, 0, true);
    }
    write(world, my, verb);
  }

  return {
    newProcess,
    standing,
    isMine,
    enter,
    failCall,
    endTrial,
    flush,
    land,
    answer,
    lose,
    receive,
    poll,
    restore,
    operate,
    pending,
  };
}
