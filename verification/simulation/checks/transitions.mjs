// A circuit opens only by the rule, closes only after a success, and its copy of the record only gets newer.

export function checksOfTransitions(shared, records) {
  const { world, plan, fail, facts, ledger, stats, agreement, counting, liveness } = shared;
  const { time } = world;
  const { of } = ledger;
  const { closesByTime } = facts;

  /** A trip has its reason in the calls of its process. */
  function tripped(member, name, its) {
    // Without swap it may hear of its own trip after another process closed it.
    const outdated = plan.without.includes("swap") && (plan.network.distanceMs ?? 0) > 0;
    const record = world.store.record(name);
    const isOpen = record?.state === "open";
    // A failure confirms what another process opened.
    const confirms = facts.scope === "confirm" && isOpen;
    // Where it closes by time, its own trip may be stored after that, by a write that is tried for half a minute.
    const isOwn = isOpen && facts.isOfHost(member, record.by);
    const late = closesByTime && isOwn && record.until > world.store.now() - 30_000;
    // A store that lost the closing may show that the circuit was open.
    if (
      !facts.forgets &&
      !outdated &&
      !confirms &&
      !late &&
      time.now() - its.operated > 30_000 &&
      !counting.mayTrip(member, name)
    )
      fail("fewer failures than the rule says trip nothing", `${member.name} opened ${name}`);
  }

  function opened(member, name, its, { local, error }) {
    its.opens++;
    liveness.opened(member, name);
    stats.trips++;
    its.opened = true;
    const news = error !== its.error;
    its.error = error;
    // A check's deadline is not that of a call.
    const [, limitMs] = /(\d+) ms/.exec(error?.message) ?? [];
    const ours = error?.code === "ERR_FAILFAST_TIMEOUT" && limitMs !== undefined;
    if (local && news && ours && member.heldUp(Number(limitMs)))
      fail("a stalled process trips nothing", `${member.name} opened ${name} by a time-out of its own doing`);
  }

  function closed(member, name, its, { local }) {
    stats.closings++;
    liveness.closed(member, name);
    const { revision } = member.circuits[Number(name.slice(1))].snapshot();
    if (closesByTime || records.closedBy(name, revision)) return;
    if (local) {
      const operated = time.now() - its.operated < 5_000;
      if (!its.succeeding && !operated)
        fail("absence is not health", `${member.name} closed ${name} with no probe that succeeded`);
    } else if (revision !== 0) {
      fail(
        "absence is not health",
        `${member.name} heard that ${name} is closed, and nobody wrote that (revision ${revision})`,
      );
    }
  }

  return {
    stateChanges(member, event) {
      const { type, circuit: name, local } = event;
      const its = of(member, name);
      its.epoch++;
      const trips = type === "open" && local && (its.last ?? "close") === "close";
      its.last = type;
      if (type === "close") Object.assign(its, { opensSinceClosed: 0, closedAt: member.monotonic() });
      if (type === "open" && its.opensSinceClosed++ === 0)
        Object.assign(its, { trippedAt: time.now(), closedHereMs: member.monotonic() - its.closedAt });
      if (trips) tripped(member, name, its);
      counting.reset(member, name);
      const circuit = member.circuits?.[Number(name.slice(1))];
      if (plan.pace && circuit !== undefined) agreement.moved(member, circuit, type);
      if (type === "open") opened(member, name, its, event);
      if (type === "close") closed(member, name, its, event);
    },
    opened: (member, name) => of(member, name).opened === true,
    /** The store is reported as down. */
    storeDown(member, error) {
      if (!facts.storeIsWell) return;
      fail("a store that answers is not down", `${member.name}: ${error}`);
    },
    /** After each step: what must never be true for any member. */
    step(members) {
      for (const member of members) {
        if (!member.alive) continue;
        for (const circuit of member.circuits) {
          const its = of(member, circuit.name);
          const { revision } = circuit.snapshot();
          if (plan.pace) agreement.step(member, circuit);
          if (revision < its.revision)
            fail(
              "a replica only moves up",
              `${member.name}: ${circuit.name} from revision ${its.revision} to ${revision}`,
            );
          its.revision = revision;
          const left = circuit.retryAfter * 1_000;
          if (
            circuit.held === undefined &&
            !ledger.hasOperators &&
            circuit.state === "open" &&
            left > facts.longestOpenMs(circuit.name) * 1.01 + 1
          )
            fail(
              "a deadline is clamped",
              `${member.name}: ${circuit.name} for another ${Math.round(left)} ms`,
            );
        }
      }
    },
  };
}
