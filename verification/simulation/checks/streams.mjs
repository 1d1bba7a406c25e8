// A stream that stays silent is ended in time, and that is a failure.

export function checksOfStreams({ world, fail, facts, ledger, counting }) {
  const { time } = world;
  const { of } = ledger;

  return {
    /** A stream that stays silent and does not end is ended, which is a failure. */
    streamFallsSilent(member, circuit, told, idleMs) {
      told.failed = counting.pending(member, circuit.name, idleMs);
      time.after(3 * idleMs, () => {
        if (!told.over && member.alive && member.pausedUntil <= told.since)
          fail("a silent stream is ended in time", `${member.name}: one through ${circuit.name} goes on`);
      });
    },
    streamIsEnded(member, circuit, admitted, told, idleMs) {
      told.over = true;
      const its = of(member, circuit.name);
      if (admitted.probe) its.probing--;
      if (its.live?.began === admitted.began) its.live = undefined;
      const since = told.since ?? admitted.at;
      if (member.pausedUntil > admitted.at) return;
      // Before the first item it is the call's own deadline.
      if (!told.gives && facts.callTimeout !== undefined) return;
      const { name } = circuit;
      if (told.since === undefined)
        fail("a stream that goes on is not silent", `${member.name}: one through ${name} was ended`);
      else if (time.now() - since > 1.01 * idleMs + 20)
        fail("a silent stream is ended in time", `${member.name}: through ${name}, ${time.now() - since} ms`);
      else if (!told.signal?.aborted)
        fail("a silent stream is torn down", `${member.name}: the signal of one through ${name}`);
      const { state, held } = circuit;
      const still = admitted.epoch === its.epoch && admitted.generation === circuit.snapshot().generation;
      // A call that began before the last opening or closing does not count.
      if (still && admitted.free && !admitted.probe) told.failed?.();
      if (
        still &&
        admitted.free &&
        held === undefined &&
        (admitted.probe || facts.tripsAtOnce(name)) &&
        state === "closed"
      )
        fail("a silent stream is a failure", `${member.name}: ${name} is ${state}`);
    },
  };
}
