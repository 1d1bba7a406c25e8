// What the checks have seen so far of each circuit in each process.

export function makeLedger(world) {
  const { time } = world;
  const seen = new Map();

  const of = (member, name) => {
    const key = `${member.name} ${name}`;
    let its = seen.get(key);
    if (its === undefined) {
      its = {
        /** The transitions so far, and the openings among them. */
        epoch: 0,
        opens: 0,
        revision: 0,
        /** A call or a check that found the backend well is ending. */
        succeeding: false,
        /** When an operator last acted. */
        operated: -Infinity,
        /** How many probes are under way. */
        probing: 0,
        /** How many calls wait for their lease. */
        waiting: 0,
        /** The call that last began to wait. */
        asking: undefined,
        opensSinceClosed: 0,
        trippedAt: -Infinity,
        closedAt: -Infinity,
        closedHereMs: Infinity,
      };
      seen.set(key, its);
    }
    return its;
  };

  const ledger = {
    of,
    /** An operator has acted in this run. */
    hasOperators: false,
    operatorActs(member, circuit) {
      ledger.hasOperators = true;
      const its = of(member, circuit.name);
      // What a suspended process is asked to do goes on when it wakes up.
      its.operated = Math.max(time.now(), member.pausedUntil);
      its.opens++;
    },
    /** As a process wakes up, or its clock is set, much becomes known in one moment, and calls and news cross. */
    wokeOrJumped: (member, at) => Math.max(member.pausedUntil, member.jumpedAt) + 1_000 > at,
    /** A call waits for its lease no longer. */
    waitsNoLonger(member, { name }, began) {
      if (began.waiting) of(member, name).waiting--;
      began.waiting = false;
    },
  };
  return ledger;
}
