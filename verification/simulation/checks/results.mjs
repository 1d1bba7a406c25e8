// The result of a call changes the circuit exactly as it should, and at once.
import { SHORTEST_LEASE } from "./facts.mjs";

/** So late a process notices that it slept, in ms. */
const NOTICES_SLEEP = 1_100;

export function checksOfResults({ world, plan, fail, facts, ledger, counting }) {
  const { time } = world;
  const { of, wokeOrJumped } = ledger;
  const { callTimeout, shortestLease } = facts;

  /** The consequences of a result, before anything else happens. */
  async function judged(member, circuit, call) {
    const { began, probe, last, free, at, late, moved, fails, ignored, trips, before } = call;
    const { revision } = circuit.snapshot();
    for (let turns = 0; turns < 16; turns++) await undefined;
    of(member, circuit.name).succeeding = false;
    const { name, state, held } = circuit;
    // A listener called within the call, so two calls end in the same moment.
    if (held !== undefined || began.acting) return;
    if (late && !probe && state !== before)
      fail("a late result changes nothing", `${member.name}: ${name} went from ${before} to ${state}`);
    // Only time makes an open circuit half-open, and news may come in the same moment.
    const news = circuit.snapshot().revision !== revision || wokeOrJumped(member, time.now());
    if (ignored && state !== before && state !== "half-open" && !news)
      fail("what is ignored says nothing", `${member.name}: ${name} went from ${before} to ${state}`);
    if (late || moved || !free) return;
    const counted = began.outer === undefined && member.pausedUntil <= at;
    if (plan.slow && probe && state === "closed" && time.now() - at > 1_000 && counted)
      fail("slow is no recovery", `${member.name}: a probe of ${time.now() - at} ms closed ${name}`);
    // After its lease the fleet decides.
    const inTime = probe && time.now() < (began.leaseUntil ?? at + shortestLease);
    const { by } = circuit.snapshot();
    // The store answered at once that another process has closed it since: a late failure doesn't open it again.
    const overtaken =
      plan.instant && circuit.snapshot().generation !== began.generation && !facts.isOfHost(member, by);
    // As a process wakes up, it may hear of a hold and of its end, and counts anew.
    const mustTrip = trips && !wokeOrJumped(member, at);
    if (((fails && inTime) || mustTrip) && state === "closed" && !overtaken)
      fail("a failure opens it here at once", `${member.name}: ${name} is ${state}`);
    // If its process slept, the store decides. A time-out may be its own doing, and what is called within says nothing.
    const awake = Math.max(member.pausedUntil, member.jumpedAt) + NOTICES_SLEEP <= at;
    const decides = awake && !facts.nests && callTimeout === undefined && of(member, name).operated < at;
    if (fails && inTime && decides && state !== "open")
      fail("a failed probe opens it here at once", `${member.name}: ${name} is ${state}`);
    const own = facts.isOwn(member, by) && !member.name.includes("'");
    // With a callTimeout the call was over before, and this may be the next call's lease.
    if (
      probe &&
      last &&
      own &&
      time.now() - at < SHORTEST_LEASE &&
      callTimeout === undefined &&
      state === "half-open" &&
      // The next call may have asked for it already.
      of(member, name).waiting === 0 &&
      // A circuit that its own check has yet to try gives a retryAfter of a second.
      circuit.retryAfter > (plan.check ? 1 : 0)
    )
      fail(
        "a lease is given back",
        `${member.name}: ${name} waits ${circuit.retryAfter} s after its own probe ended`,
      );
  }

  return {
    /** A call ended as neither, because its inner call was rejected. */
    innerRejected(member, circuit, admitted) {
      if (admitted.probe) of(member, circuit.name).probing--;
    },
    functionEnds(member, circuit, admitted, failed, ignored = false) {
      const fails = failed && !ignored;
      const its = of(member, circuit.name);
      const { began } = admitted;
      if (began.outer !== undefined)
        began.before = { epoch: its.epoch, generation: circuit.snapshot().generation };
      its.succeeding = !fails && !ignored;
      began.failed = fails;
      if (admitted.probe) its.probing--;
      void admitted.late();
      if (its.live?.began === began) its.live = undefined;
      const late = admitted.epoch !== its.epoch;
      const moved = admitted.generation !== circuit.snapshot().generation;
      const counts = !admitted.probe && admitted.free && !late && !ignored;
      const maybe = moved || circuit.held !== undefined;
      const trips =
        counts &&
        counting.ended(member, circuit.name, admitted.rule, fails, maybe, circuit.snapshot().generation) &&
        facts.rampUp === undefined &&
        // The first failure may confirm a remote opening whose time is over.
        !(facts.scope === "confirm" && facts.closesByTime);
      // In a loop that never yields, other calls and time pass before the consequences can be checked.
      if (member.looping) return;
      void judged(member, circuit, {
        ...admitted,
        fails,
        ignored,
        trips,
        before: circuit.state,
        late,
        moved,
        // A probe that began near the end of a lease may still be under way when the next one begins.
        last: its.probing === 0,
      });
    },
    /** A call past its circuit; returns a function for its end. */
    pastItsCircuit(member, circuit) {
      return async () => {
        const { state, revision } = circuit.snapshot();
        for (let turns = 0; turns < 16; turns++) await undefined;
        const after = circuit.snapshot();
        if (after.state !== state && after.revision === revision)
          fail("what is called past its circuit counts for nothing", `${member.name}: ${circuit.name}`);
      };
    },
  };
}
