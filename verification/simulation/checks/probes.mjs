// A process sends one probe at a time, or checks one at a time, and what they find out counts only in their lease.
import { SHORTEST_LEASE } from "./facts.mjs";

export function checksOfProbes({ world, plan, fail, facts, ledger, stats }, records) {
  const { time } = world;
  const { of, wokeOrJumped } = ledger;
  const { shortestLease } = facts;

  /**
   * A probe or a check begins; returns a function for its end. If its lease is over by then and others have probed,
   * its outcome changes nothing, even if this process does not know of that.
   */
  function probeOf(member, circuit) {
    const { name, retryAfter } = circuit;
    const { generation } = circuit.snapshot();
    const until = time.now() + member.lagMs() + 1_010 * retryAfter + 100;
    // Nobody else can have probed a circuit that is open here only.
    if (records.stateAt(name, generation) === "closed" || !facts.sharesAll) return () => {};
    // While the store is away, or seems to be, a process probes without a lease.
    if (!world.store.isUp() || member.cut !== "" || member.storeDown) return () => {};
    return async () => {
      if (wokeOrJumped(member, time.now())) return;
      const before = circuit.snapshot();
      const others = world.store.record(name)?.generation ?? 0;
      const knows = before.generation !== generation || before.pending || before.held !== undefined;
      if (time.now() < until || knows || others <= generation || !member.alive) return;
      for (let turns = 0; turns < 16; turns++) await undefined;
      const { state, revision } = circuit.snapshot();
      if (state !== before.state && revision === before.revision)
        fail(
          "what a probe finds out after its lease changes nothing that others found out",
          `${member.name}: ${name} went from ${before.state} to ${state}`,
        );
    };
  }

  return {
    probeOf,
    /** One probe of a process at a time while its lease runs; calls within it are part of it. */
    oneProbe(member, circuit, its, began) {
      const { live } = its;
      const { generation } = circuit.snapshot();
      const same = live?.opens === its.opens && live.generation === generation;
      // An operator's last change may return late, and void the probe that was sent meanwhile.
      const operated = time.now() - its.operated < 30_000;
      if (live !== undefined && began.outer !== live.began) live.began.overtaken = true;
      if (same && !operated && time.now() < live.until && !wokeOrJumped(member, live.at))
        fail("one probe at a time", `${member.name} sent a second one through ${circuit.name}`);
      // It may have begun late in its lease.
      const leaseMs = Math.min(0.99 * 1_000 * circuit.retryAfter - 100, shortestLease);
      began.leaseUntil = time.now() + leaseMs;
      its.live = { began, at: time.now(), until: began.leaseUntil, opens: its.opens, generation };
    },
    /** A process with a check checks again before a call of it probes. */
    notSpent(member, circuit, its) {
      const lately = time.now() - (its.checked ?? -Infinity) < SHORTEST_LEASE && !its.checking;
      // What was dated by a wrong clock may seem to be over.
      const told = facts.isDated && plan.network.loss === 0 && !facts.isUpdated("recovery", circuit.name);
      // A process that was away finds its timers late, too.
      if (lately && told && member.pausedUntil + 1_000 <= its.checked)
        fail("a check spends no user's call", `${member.name}: a call probes ${circuit.name}`);
    },
    /** What a call within a probe finds out counts for nothing while that probe runs. */
    endedWithin(member, circuit, its, { outer, before, generation, by }) {
      const { stood } = outer;
      if (before === undefined || !stood?.probe || stood.epoch !== before.epoch || outer.overtaken) return;
      // News of the fleet had ended the probe, so this call was the next one; without swap at any time. With several
      // probes that may be the success of another process, which no snapshot shows.
      if (plan.without.includes("swap")) return;
      const several = plan.options.probes > 1 && plan.processes > 1;
      const own = !several && facts.isOwn(member, by);
      if (generation !== outer.generation && !own) return;
      const runs = time.now() - stood.at < shortestLease && !wokeOrJumped(member, stood.at);
      if (runs && its.epoch !== before.epoch && circuit.snapshot().generation === before.generation)
        fail(
          "what is called from within a probe counts for nothing",
          `${member.name}: a call within the probe of ${circuit.name} made it ${circuit.state}`,
        );
    },
    /** A recovery check begins. Another one of this process may be under way only until it is void. */
    checkBegins(member, name) {
      stats.checks++;
      const circuit = member.circuits?.find((each) => each.name === name);
      if (circuit?.held !== undefined)
        fail("a held circuit is not checked", `${member.name}: ${name} is held ${circuit.held}`);
      if (circuit?.state === "closed") fail("a closed circuit is not checked", `${member.name}: ${name}`);
      const its = of(member, name);
      if (its.checking && time.now() - its.checking < 9_000 && member.pausedUntil <= its.checking)
        fail("one check at a time", `${member.name} makes a second one of ${name}`);
      its.checking = time.now();
      return circuit === undefined ? () => {} : probeOf(member, circuit);
    },
    checkEnds(member, name) {
      Object.assign(of(member, name), { checking: 0, checked: time.now() });
    },
    /** A check found the backend working, which closes the circuit at once. */
    async checkSucceeds(member, name) {
      const its = of(member, name);
      its.succeeding = true;
      for (let turns = 0; turns < 40; turns++) await undefined;
      its.succeeding = false;
    },
  };
}
