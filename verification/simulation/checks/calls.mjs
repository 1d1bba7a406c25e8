// A call gets its own outcome, asks the store nothing, and waits for it only as long as it may.

/** How long an async caller may wait for its lease, and the tolerance for a drifting clock, in ms. */
const LEASE_WAIT = 250.5;

/** How long it waits at least, unless the answer comes, in ms. */
const SHORTEST_WAIT = 20;

/** With so many successes lately, and a second's slack, a process doubts what another says. */
const DOUBTS_FROM = 20;
const DOUBTS_MS = 12_000;

/** A read that gets no answer is given up by then, and a process that waits for it goes on, in ms. */
const GIVES_UP_MS = 6_000;

export function checksOfCalls(
  { world, plan, fail, facts, ledger, stats, agreement, counting, liveness },
  probes,
) {
  const { time } = world;
  const { of, wokeOrJumped, waitsNoLonger } = ledger;
  const { callTimeout, idleTimeout, shortestLease } = facts;

  /** One caller waits for its lease, and the others are rejected meanwhile. */
  function waiting(member, circuit, its, began) {
    const { asking } = its;
    const same =
      asking?.epoch === its.epoch &&
      asking.generation === began.generation &&
      time.now() - asking.at < SHORTEST_WAIT;
    if (same && its.operated < asking.at && member.pausedUntil <= asking.at)
      fail(
        "one caller of a process waits for the lease",
        `${member.name}: another one waits for ${circuit.name}`,
      );
    began.epoch = its.epoch;
    its.asking = began;
  }

  /** A process that has read the store knows what the fleet knows. */
  function informed(member, circuit) {
    const record = world.store.record(circuit.name);
    // A process whose own calls succeeded before it froze may doubt what it reads.
    const { failureRate, slowCall } = plan.options;
    const counts = failureRate !== undefined || slowCall !== undefined;
    const doubts = counts && counting.successes(member, circuit.name, DOUBTS_MS) >= DOUBTS_FROM;
    const knowable =
      !doubts &&
      facts.scope === "fleet" &&
      facts.quorum === 1 &&
      plan.tells &&
      !plan.rollsOver &&
      !plan.without.includes("list") &&
      plan.network.loss === 0 &&
      plan.network.delay + (plan.network.distanceMs ?? 0) < 100 &&
      member.cut === "" &&
      time.now() - member.connectedAt > GIVES_UP_MS &&
      world.store.isUp();
    // Without swap a process dates its own record by its own clock, and what it knows of that may be over sooner.
    const own = plan.without.includes("swap") && record && facts.isOfHost(member, record.by);
    const snapshot = circuit.snapshot();
    if (!knowable || own || circuit.held !== undefined || snapshot.pending) return;
    if (record?.state === "open" && record.until > world.store.now() + 1_500)
      fail(
        "a process that is ready knows what the fleet knows",
        `${member.name} called through ${circuit.name}, which is open at revision ${record.revision}; it knows ${snapshot.revision}`,
      );
  }

  /** A call from within a probe is rejected only if that is the probe no longer. */
  function rejectedWithin(member, circuit, its, { outer }) {
    if (
      outer.state !== "closed" &&
      outer.held === undefined &&
      circuit.held === undefined &&
      // Another may have taken the lease meanwhile; without swap at any time.
      !plan.without.includes("swap") &&
      !liveness.othersLease(member, circuit.name) &&
      its.opens === outer.opens &&
      !wokeOrJumped(member, outer.at) &&
      // News of the fleet ends the probe, unless it is of this process's own lease.
      (circuit.snapshot().generation === outer.generation || facts.isOwn(member, circuit.snapshot().by)) &&
      time.now() - outer.at < shortestLease
    )
      fail(
        "what is called from within a probe belongs to it",
        `${member.name}: a call from within the probe of ${circuit.name} was rejected`,
      );
  }

  function callIsRejected(member, circuit, its, began) {
    stats.rejected++;
    if (began.outer === undefined) liveness.rejected(member, circuit, began);
    else rejectedWithin(member, circuit, its, began);
    const waited = time.now() - began.at;
    if (waited > LEASE_WAIT && member.pausedUntil <= began.at)
      fail("no call waits for the store", `${member.name}: a rejection by ${circuit.name} took ${waited} ms`);
    if (plan.badHosts > 0 && member.index % plan.hosts >= plan.badHosts && !world.healed)
      fail(
        "fewer hosts than the quorum reject nothing elsewhere",
        `${member.name} on the healthy ${member.host} was rejected`,
      );
  }

  return {
    callBegins(member, circuit, how) {
      stats.calls++;
      const { style } = how;
      const its = of(member, circuit.name);
      const { generation, by } = circuit.snapshot();
      const began = {
        at: time.now(),
        ...agreement.standing(member, circuit),
        operations: member.operations,
        pausedUntil: member.pausedUntil,
        // The library can't see at once that some functions return a promise.
        waits: style === "run" || style === "async" || style === "stream",
        // A stream is rejected when it is read.
        later: style === "stream",
        outer: how.outer,
        informed: how.informed,
        opens: its.opens,
        generation,
        by,
        first: !member.called.has(circuit.name),
        // A call made by a listener during a transition.
        acting: member.acting,
        outcome: "made to wait",
      };
      liveness.callBegins(member, circuit, began);
      member.calling = began;
      return began;
    },
    /** The synchronous part of the call is over. */
    callReturns(member, circuit, began) {
      member.calling = undefined;
      const its = of(member, circuit.name);
      began.waiting = began.outcome === "made to wait";
      if (began.waiting) its.waiting++;
      if (plan.pace && began.outer === undefined && !began.acting && !began.later)
        agreement.met(member, circuit, began);
      if (plan.pace && began.outcome === "made to wait" && began.waits && !began.later)
        waiting(member, circuit, its, began);
      if (
        began.state === "closed" &&
        began.outcome === "admitted" &&
        !began.failed &&
        circuit.held === undefined &&
        // A success may be the call that completes a rate's minimum number of calls.
        its.opens === began.opens &&
        member.operations !== began.operations &&
        !began.first
      )
        fail(
          "a call asks the store nothing",
          `${member.name}: a call through the closed ${circuit.name} made a store operation`,
        );
      // The first call starts the synchronisation.
      member.called.add(circuit.name);
    },
    admitted(member, circuit, began, bad) {
      const its = of(member, circuit.name);
      if (its.asking === began) its.asking = undefined;
      began.outcome = "admitted";
      waitsNoLonger(member, circuit, began);
      liveness.admitted(member, circuit);
      if (began.informed) informed(member, circuit);
      const waited = time.now() - began.at;
      if (waited > LEASE_WAIT && member.pausedUntil <= began.at)
        fail(
          "no call waits for the store",
          `${member.name}: a call through ${circuit.name} waited ${waited} ms`,
        );
      const probe = circuit.state === "half-open";
      began.stood = { probe, epoch: its.epoch, at: time.now() };
      if (probe) stats.probes++;
      if (probe) its.probing++;
      if (probe && began.outer === undefined) probes.oneProbe(member, circuit, its, began);
      if (probe && began.outer === undefined) probes.notSpent(member, circuit, its);
      return {
        began,
        late: probe && began.outer === undefined ? probes.probeOf(member, circuit) : () => {},
        epoch: its.epoch,
        generation: circuit.snapshot().generation,
        probe,
        bad,
        free: circuit.held === undefined,
        at: time.now(),
        rule: counting.rule(member, circuit.name),
      };
    },
    /** A rejection is emitted. */
    rejected(member, name, error) {
      const circuit = member.circuits?.[Number(name.slice(1))];
      if (circuit === undefined) return;
      if (member.calling) member.calling.outcome = "rejected";
      agreement.rejected(member, circuit, error);
    },
    callEnds(member, circuit, began, { value, error, expected, fails }) {
      const its = of(member, circuit.name);
      waitsNoLonger(member, circuit, began);
      if (its.live?.began === began) its.live = undefined;
      if (its.asking === began) its.asking = undefined;
      if (began.outer !== undefined) probes.endedWithin(member, circuit, its, began);
      if (began.innerRejected) return;
      if (error !== undefined && world.library.isFailfastError(error)) {
        callIsRejected(member, circuit, its, began);
        return;
      }
      if (error?.name === "TimeoutError" && (callTimeout ?? idleTimeout)) return;
      if (!fails && error === undefined && began.outer === undefined) liveness.served(member, circuit, began);
      if (fails ? error !== expected : value !== expected)
        fail(
          "the call's own outcome reaches its caller",
          `${member.name}: ${circuit.name} gave ${String(error ?? value)}`,
        );
    },
  };
}
