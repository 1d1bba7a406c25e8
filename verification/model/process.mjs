// One process of the model: the shell around its circuit. It carries out effects as writes, which the store carries
// out, answers or loses, and feeds back what comes in. It decides nothing.
import { isDeepStrictEqual } from "node:util";
import { circuitsOf } from "./circuit.mjs";
import { replicasOf } from "./replica.mjs";
import { OPEN, TICK } from "./times.mjs";

/** The longest time that an async caller waits for its lease; its timer may fire a moment early. */
const WAIT = TICK;
/** An effect that causes itself again would never end. */
const NESTED = 16;

/** The steps of a process: calls, writes, records from the store, and an operator's verbs. */
export function processesOf(library, options, promises) {
  const { encode, decodeCircuit } = library;
  const circuits = circuitsOf(library, options, promises);
  const { ownOf, feed, wantsLease } = circuits;
  const { receive, surviving } = replicasOf(library);
  const known = new Map();

  /** A record with its bytes, one object for equal bytes. */
  function stored(record, now) {
    const raw = encode(record);
    let found = known.get(raw);
    if (found === undefined) {
      found = { raw, record, readable: isDeepStrictEqual(decodeCircuit(raw, now), record) };
      known.set(raw, found);
    }
    return found;
  }

  function dispatch(world, my, event) {
    if (world.nested > NESTED) throw new Error("no effect leads to itself for ever");
    const { effects, answer } = feed(world, my, event);
    world.nested++;
    for (const effect of effects) {
      if (effect.type === "propose" && effect.delayMs === 0) flush(world, my);
      if (effect.type === "ask-for-lease") write(world, my, "lease");
    }
    world.nested--;
    return answer;
  }

  // Calls

  function enter(world, my, canWait) {
    const waitMs = canWait ? WAIT + (options.earlyTimers ? 1 : 0) : 0;
    let answer = call(world, my, waitMs, false);
    if (answer === "ask") {
      if (canWait && my.state.leaseRequested) {
        my.waiting = [...my.waiting, world.now + WAIT];
        return;
      }
      answer = call(world, my, waitMs, true);
    }
    if (answer === "closed") my.call = my.state.epoch;
  }

  /** The request for the lease was answered, or the caller can't wait any longer. */
  function enterAgain(world, my) {
    my.waiting = my.waiting.slice(1);
    if (call(world, my, WAIT, true) === "closed") my.call = my.state.epoch;
  }

  function call(world, my, waitMs, asked) {
    const due = wantsLease(world, my, asked);
    const answer = dispatch(world, my, {
      type: "call",
      waitMs,
      asked,
      withinProbe: false,
      storeFails: my.down || my.strikes,
      callTimeoutMs: 0,
    });
    if (due && answer === "reject") my.wanting++;
    return answer;
  }

  const opening = (my) => ({
    reason: "",
    cause: undefined,
    ofThisHost: false,
    openFor: undefined,
    random: 0.5,
    storeDown: my.down,
  });

  function failCall(world, my) {
    my.call = undefined;
    if (my.state.remoteOpen === "unconfirmed") dispatch(world, my, { type: "confirmed", cause: undefined });
    else dispatch(world, my, { type: "tripped", opening: opening(my) });
  }

  function endProbe(world, my, how, pauseMs = 0) {
    if (how === "succeeds") dispatch(world, my, { type: "probe-succeeded" });
    else if (how === "fails") dispatch(world, my, { type: "probe-failed", opening: opening(my) });
    else {
      const leaseWaitMs = world.turns ? WAIT : 0;
      dispatch(world, my, { type: "probe-released", pauseMs, byItself: false, leaseWaitMs, random: 0.5 });
    }
  }

  function askForLonger(world, my, openMs) {
    my.late = false;
    dispatch(world, my, { type: "asked-for-longer", openMs, storeDown: my.down });
  }

  // Writes: sent, carried out by the store, answered; or lost on either way.

  const pending = (world, my) => library.isPending(my.state, world.now, ownOf(my));

  function flush(world, my) {
    if (my.leaseDelayed) {
      my.leaseDelayed = false;
      write(world, my, "lease");
    }
    if (!my.down && pending(world, my)) write(world, my, "decision");
  }

  function write(world, my, kind) {
    if (my.write === null) attempt(world, my, kind);
    else if (kind === "lease") my.leaseDelayed = true;
  }

  function attempt(world, my, kind) {
    my.write = { kind, phase: "deciding", entry: undefined, written: my.state.decision };
    const revision = library.nextRevision(my.seen, world.now);
    const stamp = { revision, nonce: nonce(world, my, revision), now: world.now, by: my.owner };
    const record = recordFor(world, my, kind, stamp);
    if (record === null) {
      end(world, my, "unneeded");
      return;
    }
    const entry = stored(record, world.now);
    const { written } = my.write;
    my.write = {
      kind,
      over: my.stored ?? null,
      entry,
      written,
      at: world.now,
      host: my.index,
      phase: "sent",
    };
    if (!options.atOnce || my.down) return;
    my.write = land(world, my.write);
    answer(world, my);
  }

  function recordFor(world, my, kind, stamp) {
    switch (kind) {
      case "lease":
        return library.leaseRecord(my.state, world.now, stamp, ownOf(my), 0);
      case "decision":
        return library.recordOf(my.state, world.now, stamp, ownOf(my));
      case "restore": {
        const survivor = surviving(world, my);
        return survivor && library.renewed(stamp, survivor);
      }
      case "trip":
        return library.opened(stamp, { duration: OPEN, reason: "", manual: true });
      case "reset":
        return library.closed(stamp, "");
    }
  }

  /**
   * A random nonce decides between two writes with one revision. The world says which wins this time, and notes that
   * it mattered.
   */
  function nonce(world, my, revision) {
    const ties = (entry) => entry?.record?.revision === revision;
    if (ties(world.store) || ties(world.old) || world.net.some(ties) || world.members.some(holdsTie))
      world.tied = true;
    return `${world.tied ? world.tie : 5}${my.owner}`;

    function holdsTie(other) {
      return ties(other.cached) || (world.left.forgets > 0 && other !== my && ties(other.write?.entry));
    }
  }

  /** The swap reaches the store. */
  function land(world, its) {
    if (world.store?.raw !== its.over?.raw) return { ...its, phase: "refused", found: world.store };
    if (options.forgets > 0) world.old = world.store;
    world.store = its.entry;
    if (!world.net.includes(its.entry)) world.net = [...world.net, its.entry];
    return { ...its, phase: "done", found: its.entry };
  }

  function answer(world, my) {
    const { kind, phase, entry, found } = my.write;
    if (phase === "done" || found?.raw === entry.raw) {
      receive(world, my, entry, true);
      end(world, my, "granted");
      return;
    }
    my.write = { kind, phase: "deciding", entry: undefined };
    hear(world, my, found, true);
    attempt(world, my, kind);
  }

  /** No answer came in time. The request may still arrive. */
  function lose(world, my) {
    if (my.write.phase === "sent") world.orphans = [...world.orphans, my.write];
    my.strikes = true;
    end(world, my, "failed");
  }

  function end(world, my, outcome) {
    const { kind, written } = my.write;
    const record = my.cached;
    my.write = null;
    if (kind === "decision") dispatch(world, my, { type: "proposal", record, outcome, written });
    else if (kind === "lease") {
      dispatch(world, my, { type: "lease", record, outcome });
      for (let left = my.waiting.length; left > 0; left--) enterAgain(world, my);
    } else if (kind === "restore") changed(world, my);
    else if (outcome === "granted") dispatch(world, my, { type: "operator-wrote", record });
    // The retry comes later: `flush` is a step of its own.
    if (outcome === "failed") return;
    if (outcome === "granted") my.strikes = false;
    flush(world, my);
  }

  // News

  function hear(world, my, entry, current) {
    const what = receive(world, my, entry, current);
    if (what === "granted") end(world, my, "granted");
    else if (what === "news") changed(world, my);
  }

  function changed(world, my) {
    const record = my.cached;
    if (record === my.state.record) return;
    const doubts = options.doubter === my.index && my.state.remoteOpen === "unseen";
    dispatch(world, my, { type: "record", record, doubts, random: 0 });
  }

  function poll(world, my) {
    const current = my.write === null;
    if (world.store !== null || current) hear(world, my, world.store, current);
    my.down = false;
    flush(world, my);
  }

  function restore(world, my) {
    my.restoring = false;
    if (surviving(world, my) !== null) write(world, my, "restore");
  }

  // Operators

  /** It is obeyed here at once, and written when no other write is under way. */
  function operate(world, my, verb) {
    my.operation = verb;
    if (verb !== "trip") return;
    const opens = { type: "operator-opens", durationMs: OPEN, reason: "", storeDown: my.down };
    dispatch(world, my, opens);
  }

  function sendOperation(world, my) {
    const verb = my.operation;
    my.operation = "";
    write(world, my, verb);
  }

  const hold = (world, my) => dispatch(world, my, { type: "hold", hold: world.hold });
  const wake = (world, my) => dispatch(world, my, { type: "time" });

  return {
    ...circuits,
    pending,
    enter,
    enterAgain,
    failCall,
    endProbe,
    askForLonger,
    flush,
    land,
    answer,
    lose,
    hear,
    poll,
    restore,
    operate,
    sendOperation,
    hold,
    wake,
  };
}
