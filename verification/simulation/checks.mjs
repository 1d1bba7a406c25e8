// What must hold at every step, whatever happens: each check names the promise that it is about.
import { makeAgreement } from "./agreement.mjs";
import { makeCounting } from "./counting.mjs";
import { makeLiveness } from "./liveness.mjs";
import { RUBBISH } from "./plan.mjs";

/** How long an async caller may wait for its lease, and the tolerance for a drifting clock, in ms. */
const LEASE_WAIT = 250.5;

/** How long it waits at least, unless the answer comes, in ms. */
const SHORTEST_WAIT = 20;

/** With so many successes lately, and a second's slack, a process doubts what another says. */
const DOUBTS_FROM = 20;
const DOUBTS_MS = 12_000;

/** After that another call may have the lease. */
const SHORTEST_LEASE = 9_000;

/** So late a process notices that it slept, in ms. */
const NOTICES_SLEEP = 1_100;

/** Faults that keep a store from answering, or a process from getting its records. */
const NOT_ITS_BEST = [
  "partition",
  "split",
  "store",
  "restart",
  "rubbish",
  "pause",
  "stall",
  "freeze",
  "sleep",
  "busy-loop",
  "crash",
  "jump",
];

export function makeChecks(world, plan) {
  const { time } = world;
  const violations = [];
  /** Each once, whatever its figures. */
  const found = new Set();
  const fail = (promise, what) => {
    const kind = `${promise} ${what.replace(/[\d.']+/g, "#")}`;
    if (!found.has(kind)) violations.push({ promise, what, at: time.now() });
    found.add(kind);
  };
  const agreement = makeAgreement(fail, plan);
  const liveness = makeLiveness(fail, world, plan);
  const counting = makeCounting(plan);
  const updates = plan.events.filter(({ what }) => what === "update");
  const isUpdated = (option, name) =>
    updates.some(({ options, circuit }) => option in options && `c${circuit}` === name);
  /** By member and circuit: the transitions so far, the revisions seen, and when an operator last acted. */
  const seen = new Map();
  const of = (member, name) => {
    const key = `${member.name} ${name}`;
    let its = seen.get(key);
    if (its === undefined) {
      its = {
        epoch: 0,
        opens: 0,
        revision: 0,
        succeeding: false,
        operated: -Infinity,
        probing: 0,
        /** How many calls wait for their lease. */
        waiting: 0,
        /** The call that last began to wait. */
        asking: undefined,
      };
      Object.assign(its, {
        opensSinceClosed: 0,
        trippedAt: -Infinity,
        closedAt: -Infinity,
        closedHereMs: Infinity,
      });
      seen.set(key, its);
    }
    return its;
  };
  /** As a process wakes up, or its clock is set, much becomes known in one moment, and calls and news cross. */
  const justWoke = (member, at) => Math.max(member.pausedUntil, member.jumpedAt) + 1_000 > at;
  /** A call waits for its lease no longer. */
  const waitsNoLonger = (member, { name }, began) => {
    if (began.waiting) of(member, name).waiting--;
    began.waiting = false;
  };
  const closedRevisions = new Map();
  /** When each generation was first written, and with which state. */
  const begun = new Map();
  /** By key and revision: the record. If a store that lost writes gets another of that revision, the two are tied. */
  const numbered = new Map();
  const tied = new Set();
  /** Records that a later write replaced: if a store that lost writes shows one again, it is still over. */
  const superseded = new Set();
  const longest = (name) => {
    const { backoff } = plan.options;
    return plan.open * 1_000 * (backoff ? 10 : 1) * (isUpdated("timeout", name) ? 2 : 1);
  };
  let operators = false;
  const { callTimeout, idleTimeout, rampUp } = plan.options;

  /** What one process finds out applies to the whole fleet. */
  const { scope = "fleet", quorum = 1 } = plan.options;
  const sharesAll = scope === "fleet" && quorum === 1 && !plan.without.includes("swap") && !plan.rollsOver;
  /** One failure opens it. */
  const { threshold, failureRate, consecutive = threshold ?? (failureRate ? 2 : 1) } = plan.options;
  const tripsAtOnce = (name) =>
    consecutive === 1 &&
    rampUp === undefined &&
    !isUpdated("threshold", name) &&
    !isUpdated("consecutive", name);
  const closesByTime = plan.options.recovery === "all";
  const nests = plan.kinds?.some((kind) => kind.startsWith("nested")) ?? false;
  const shortestLease = callTimeout === undefined ? SHORTEST_LEASE : milliseconds(callTimeout) + 900;
  const forgets = plan.events.some(({ what }) => ["empty", "roll-back", "evict", "restart"].includes(what));
  /** Each process knows the store's clock, and its own goes on. */
  const comparesTimes =
    sharesAll &&
    plan.tells &&
    !forgets &&
    !plan.without.includes("list") &&
    plan.lateProbe?.what !== "sleep" &&
    plan.events.every(({ what }) => what !== "sleep");
  const storeIsWell =
    plan.network.loss === 0 &&
    plan.network.delay <= 60 &&
    !plan.rollsOver &&
    plan.lateProbe === undefined &&
    plan.events.every(({ what }) => !NOT_ITS_BEST.includes(what));

  return {
    violations,
    /** Nothing more to check. */
    over: () => violations.length > 0 && !world.through,
    fail,
    counting,
    stats: { calls: 0, rejected: 0, probes: 0, checks: 0, trips: 0, closings: 0, writes: 0 },

    calling(member, circuit, { style, outer, informed }) {
      this.stats.calls++;
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
        outer,
        informed,
        opens: its.opens,
        generation,
        by,
        first: !member.called.has(circuit.name),
        // A call made by a listener during a transition.
        acting: member.acting,
        outcome: "made to wait",
      };
      liveness.calling(member, circuit, began);
      member.calling = began;
      return began;
    },
    /** The synchronous part of the call is over. */
    called(member, circuit, began) {
      member.calling = undefined;
      const its = of(member, circuit.name);
      began.waiting = began.outcome === "made to wait";
      if (began.waiting) its.waiting++;
      if (plan.pace && began.outer === undefined && !began.acting && !began.later)
        agreement.met(member, circuit, began);
      if (plan.pace && began.outcome === "made to wait" && began.waits && !began.later)
        this.waiting(member, circuit, its, began);
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
    /** One caller waits for its lease, and the others are rejected meanwhile. */
    waiting(member, circuit, its, began) {
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
    },
    admitted(member, circuit, began, bad) {
      if (of(member, circuit.name).asking === began) of(member, circuit.name).asking = undefined;
      began.outcome = "admitted";
      waitsNoLonger(member, circuit, began);
      liveness.admitted(member, circuit);
      if (began.informed) this.informed(member, circuit);
      const waited = time.now() - began.at;
      if (waited > LEASE_WAIT && member.pausedUntil <= began.at)
        fail(
          "no call waits for the store",
          `${member.name}: a call through ${circuit.name} waited ${waited} ms`,
        );
      const its = of(member, circuit.name);
      const probe = circuit.state === "half-open";
      began.stood = { probe, epoch: its.epoch, at: time.now() };
      if (probe) this.stats.probes++;
      if (probe) its.probing++;
      if (probe && began.outer === undefined) this.oneProbe(member, circuit, its, began);
      if (probe && began.outer === undefined) this.notSpent(member, circuit, its);
      return {
        began,
        late: probe && began.outer === undefined ? this.probeOf(member, circuit) : () => {},
        epoch: its.epoch,
        generation: circuit.snapshot().generation,
        probe,
        bad,
        free: circuit.held === undefined,
        at: time.now(),
        rule: counting.rule(member, circuit.name),
      };
    },
    /** A recovery check begins. Another one of this process may be under way only until it is void. */
    checking(member, name) {
      this.stats.checks++;
      const circuit = member.circuits?.find((each) => each.name === name);
      if (circuit?.held !== undefined)
        fail("a held circuit is not checked", `${member.name}: ${name} is held ${circuit.held}`);
      if (circuit?.state === "closed") fail("a closed circuit is not checked", `${member.name}: ${name}`);
      const its = of(member, name);
      if (its.checking && time.now() - its.checking < 9_000 && member.pausedUntil <= its.checking)
        fail("one check at a time", `${member.name} makes a second one of ${name}`);
      its.checking = time.now();
      return circuit === undefined ? () => {} : this.probeOf(member, circuit);
    },
    /**
     * A probe or a check begins; returns a function for its end. If its lease is over by then and others have probed,
     * its outcome changes nothing, even if this process does not know of that.
     */
    probeOf(member, circuit) {
      const { name, retryAfter } = circuit;
      const { generation } = circuit.snapshot();
      const until = time.now() + member.lagMs() + 1_010 * retryAfter + 100;
      // Nobody else can have probed a circuit that is open here only.
      const { state: fleets = "closed" } = begun.get(`circuit:${name} ${generation}`) ?? {};
      if (fleets === "closed" || !sharesAll) return () => {};
      // While the store is away, or seems to be, a process probes without a lease.
      if (!world.store.isUp() || member.cut !== "" || member.storeDown) return () => {};
      return async () => {
        if (justWoke(member, time.now())) return;
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
    },
    checked(member, name) {
      Object.assign(of(member, name), { checking: 0, checked: time.now() });
    },
    /** A process with a check checks again before a call of it probes. */
    notSpent(member, circuit, its) {
      const lately = time.now() - (its.checked ?? -Infinity) < SHORTEST_LEASE && !its.checking;
      const told = plan.network.loss === 0 && !isUpdated("recovery", circuit.name);
      // A process that was away finds its timers late, too.
      if (lately && told && member.pausedUntil + 1_000 <= its.checked)
        fail("a check spends no user's call", `${member.name}: a call probes ${circuit.name}`);
    },
    /** It found the backend working, which closes the circuit at once. */
    async well(member, name) {
      const its = of(member, name);
      its.succeeding = true;
      for (let turns = 0; turns < 40; turns++) await undefined;
      its.succeeding = false;
    },
    /** One probe of a process at a time while its lease runs; calls within it are part of it. */
    oneProbe(member, circuit, its, began) {
      const { live } = its;
      const { generation } = circuit.snapshot();
      const same = live?.opens === its.opens && live.generation === generation;
      // An operator's last change may return late, and void the probe that was sent meanwhile.
      const operated = time.now() - its.operated < 30_000;
      if (live !== undefined && began.outer !== live.began) live.began.overtaken = true;
      if (same && !operated && time.now() < live.until && !justWoke(member, live.at))
        fail("one probe at a time", `${member.name} sent a second one through ${circuit.name}`);
      // It may have begun late in its lease.
      const leaseMs = Math.min(0.99 * 1_000 * circuit.retryAfter - 100, shortestLease);
      began.leaseUntil = time.now() + leaseMs;
      its.live = { began, at: time.now(), until: began.leaseUntil, opens: its.opens, generation };
    },
    /** A process that has read the store knows what the fleet knows. */
    informed(member, circuit) {
      const record = world.store.record(circuit.name);
      // A process whose own calls succeeded before it froze may doubt what it reads.
      const { failureRate, slowCall } = plan.options;
      const counts = failureRate !== undefined || slowCall !== undefined;
      const doubts = counts && counting.successes(member, circuit.name, DOUBTS_MS) >= DOUBTS_FROM;
      const knowable =
        !doubts &&
        scope === "fleet" &&
        quorum === 1 &&
        plan.tells &&
        !plan.rollsOver &&
        !plan.without.includes("list") &&
        plan.network.loss === 0 &&
        plan.network.delay + (plan.network.distanceMs ?? 0) < 100 &&
        member.cut === "" &&
        world.store.isUp();
      const snapshot = circuit.snapshot();
      if (!knowable || circuit.held !== undefined || snapshot.pending) return;
      if (record?.state === "open" && record.until > world.store.now() + 1_500)
        fail(
          "a process that is ready knows what the fleet knows",
          `${member.name} called through ${circuit.name}, which is open at revision ${record.revision}; it knows ${snapshot.revision}`,
        );
    },
    /** A call ended as neither, because its inner call was rejected. */
    left(member, circuit, admitted) {
      const its = of(member, circuit.name);
      if (admitted.probe) its.probing--;
    },
    ending(member, circuit, admitted, failed, ignored = false) {
      const fails = failed && !ignored;
      const its = of(member, circuit.name);
      const { began } = admitted;
      if (began.outer !== undefined)
        began.before = { epoch: its.epoch, generation: circuit.snapshot().generation };
      its.succeeding = !fails && !ignored;
      admitted.began.failed = fails;
      if (admitted.probe) its.probing--;
      void admitted.late();
      if (its.live?.began === admitted.began) its.live = undefined;
      const late = admitted.epoch !== its.epoch;
      const moved = admitted.generation !== circuit.snapshot().generation;
      const counts = !admitted.probe && admitted.free && !late && !ignored;
      const maybe = moved || circuit.held !== undefined;
      const trips =
        counts &&
        counting.ended(member, circuit.name, admitted.rule, fails, maybe, circuit.snapshot().generation) &&
        rampUp === undefined &&
        // The first failure may confirm a remote opening whose time is over.
        !(scope === "confirm" && closesByTime);
      // In a loop that never yields, other calls and time pass before the consequences can be checked.
      if (member.looping) return;
      void this.judged(member, circuit, {
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
    /** The consequences of a result, before anything else happens. */
    async judged(
      member,
      circuit,
      { began, probe, last, free, at, late, moved, fails, ignored, trips, before },
    ) {
      for (let turns = 0; turns < 16; turns++) await undefined;
      of(member, circuit.name).succeeding = false;
      const { name, state, held } = circuit;
      // A listener called within the call, so two calls end in the same moment.
      if (held !== undefined || began.acting) return;
      if (late && !probe && state !== before)
        fail("a late result changes nothing", `${member.name}: ${name} went from ${before} to ${state}`);
      // Only time makes an open circuit half-open. When a process wakes up, news comes at the same moment.
      if (ignored && state !== before && state !== "half-open" && !justWoke(member, time.now()))
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
        plan.instant &&
        circuit.snapshot().generation !== began.generation &&
        !by.startsWith(`${member.host}/`);
      if (((fails && inTime) || trips) && state === "closed" && !overtaken)
        fail("a failure opens it here at once", `${member.name}: ${name} is ${state}`);
      // If its process slept, the store decides. A time-out may be its own doing, and what is called within says nothing.
      const awake = Math.max(member.pausedUntil, member.jumpedAt) + NOTICES_SLEEP <= at;
      const decides = awake && !nests && callTimeout === undefined && of(member, name).operated < at;
      if (fails && inTime && decides && state !== "open")
        fail("a failed probe opens it here at once", `${member.name}: ${name} is ${state}`);
      const own =
        by.startsWith(`${member.host}/`) && plan.hosts === plan.processes && !member.name.includes("'");
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
    },
    ended(member, circuit, began, { value, error, expected, fails }) {
      const its = of(member, circuit.name);
      waitsNoLonger(member, circuit, began);
      if (its.live?.began === began) its.live = undefined;
      if (its.asking === began) its.asking = undefined;
      if (began.outer !== undefined) this.endedWithin(member, circuit, its, began);
      if (began.innerRejected) return;
      if (error !== undefined && world.library.isFailfastError(error)) {
        this.stats.rejected++;
        if (began.outer === undefined) liveness.rejected(member, circuit, began);
        else if (
          began.outer.state !== "closed" &&
          began.outer.held === undefined &&
          circuit.held === undefined &&
          // Another may have taken the lease meanwhile; without swap at any time.
          !plan.without.includes("swap") &&
          !liveness.othersLease(member, circuit.name) &&
          its.opens === began.outer.opens &&
          !justWoke(member, began.outer.at) &&
          // News of the fleet ends the probe, unless it is of this process's own lease.
          (circuit.snapshot().generation === began.outer.generation ||
            circuit.snapshot().by.startsWith(`${member.host}/`)) &&
          time.now() - began.outer.at < shortestLease
        )
          fail(
            "what is called from within a probe belongs to it",
            `${member.name}: a call from within the probe of ${circuit.name} was rejected`,
          );
        const waited = time.now() - began.at;
        if (waited > LEASE_WAIT && member.pausedUntil <= began.at)
          fail(
            "no call waits for the store",
            `${member.name}: a rejection by ${circuit.name} took ${waited} ms`,
          );
        if (plan.badHosts > 0 && member.index % plan.hosts >= plan.badHosts && !world.healed)
          fail(
            "fewer hosts than the quorum reject nothing elsewhere",
            `${member.name} on the healthy ${member.host} was rejected`,
          );
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
    /** What a call within a probe finds out counts for nothing while that probe runs. */
    endedWithin(member, circuit, its, { outer, before, generation, by }) {
      const { stood } = outer;
      if (before === undefined || !stood?.probe || stood.epoch !== before.epoch || outer.overtaken) return;
      // News of the fleet had ended the probe, so this call was the next one; without swap at any time. With several
      // probes that may be the success of another process, which no snapshot shows.
      if (plan.without.includes("swap")) return;
      const several = plan.options.probes > 1 && plan.processes > 1;
      const own = !several && plan.hosts === plan.processes && by.startsWith(`${member.host}/`);
      if (generation !== outer.generation && !own) return;
      const runs = time.now() - stood.at < shortestLease && member.pausedUntil <= stood.at;
      if (runs && its.epoch !== before.epoch && circuit.snapshot().generation === before.generation)
        fail(
          "what is called from within a probe counts for nothing",
          `${member.name}: a call within the probe of ${circuit.name} made it ${circuit.state}`,
        );
    },
    /** A stream that stays silent and does not end is ended, which is a failure. */
    silent(member, circuit, told, idleMs) {
      told.failed = counting.pending(member, circuit.name, idleMs);
      time.after(3 * idleMs, () => {
        if (!told.over && member.alive && member.pausedUntil <= told.since)
          fail("a silent stream is ended in time", `${member.name}: one through ${circuit.name} goes on`);
      });
    },
    silenced(member, circuit, admitted, told, idleMs) {
      told.over = true;
      const its = of(member, circuit.name);
      if (admitted.probe) its.probing--;
      if (its.live?.began === admitted.began) its.live = undefined;
      const since = told.since ?? admitted.at;
      if (member.pausedUntil > admitted.at) return;
      // Before the first item it is the call's own deadline.
      if (!told.gives && callTimeout !== undefined) return;
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
        (admitted.probe || tripsAtOnce(name)) &&
        state === "closed"
      )
        fail("a silent stream is a failure", `${member.name}: ${name} is ${state}`);
    },
    /** Options are changed while it runs: its standing stays, and the store is not asked. */
    updating(member, circuit, changes, update) {
      const standing = () => {
        const { state, held, revision, generation } = circuit.snapshot();
        // A listener to a transition by time may call.
        const operations = plan.listener ? 0 : member.operations;
        return JSON.stringify([state, held, revision, generation, operations]);
      };
      const before = standing();
      const { revision } = circuit.snapshot();
      const its = of(member, circuit.name);
      const { epoch } = its;
      update();
      // A transition by time was due, and a listener to it called: what that call changes is not the update's doing.
      const acted = plan.listener && its.epoch !== epoch;
      // It may find a record that it has not processed. At its first use a circuit begins to follow the store.
      const used = member.called.has(circuit.name);
      if (used && !acted && circuit.snapshot().revision === revision && standing() !== before)
        fail("an update leaves the state as it is", `${member.name}: ${before} to ${standing()}`);
      const { timeout: _, probes: __, recovery: ___, ...rule } = changes;
      if (Object.keys(rule).length > 0) counting.updated(member, circuit.name, rule);
    },
    /** A call past its circuit; returns a function for its end. */
    past(member, circuit) {
      return async () => {
        const { state, revision } = circuit.snapshot();
        for (let turns = 0; turns < 16; turns++) await undefined;
        const after = circuit.snapshot();
        if (after.state !== state && after.revision === revision)
          fail("what is called past its circuit counts for nothing", `${member.name}: ${circuit.name}`);
      };
    },
    /** `firstAvailable` has ended: which circuits it asked, which calls it made, and the outcome. */
    firstOf(member, whenAllOpen, asked, made, { error }) {
      const promise = "with all circuits open the one that reopens soonest is asked";
      const past = made.filter(({ through }) => !through);
      const isRejection = world.library.isFailfastError(error);
      const refused = asked.map((each) => each.refused);
      const all = refused.every((each) => each !== undefined && world.library.isFailfastError(each));
      const open = refused.filter((each) => each?.held !== "open");
      const soonest = Math.min(...open.map((each) => each?.retryAfterMs ?? Infinity));
      const tries = all && whenAllOpen === "try" && open.length > 0;
      const told = `${member.name}: ${past.length} calls past ${refused.map((each) => each?.retryAfterMs)}`;
      if (past.length !== (tries ? 1 : 0)) fail(promise, told);
      else if (tries && refused[asked.findIndex(({ n }) => n === past[0].n)].retryAfterMs > soonest)
        fail(promise, `${told}, c${past[0].n}`);
      if (isRejection !== (all && !tries)) fail(promise, `${told}: ${error}`);
    },
    operated(member, circuit) {
      operators = true;
      const its = of(member, circuit.name);
      its.operated = time.now();
      its.opens++;
    },
    /** A rejection is emitted. */
    refused(member, name, error) {
      const circuit = member.circuits?.[Number(name.slice(1))];
      if (circuit === undefined) return;
      if (member.calling) member.calling.outcome = "rejected";
      agreement.rejected(member, circuit, error);
    },
    /** The store is reported as down. */
    storeDown(member, error) {
      if (!storeIsWell) return;
      fail("a store that answers is not down", `${member.name}: ${error}`);
    },
    servedInARow: liveness.servedInARow,
    moved(member, { type, circuit: name, local, error }) {
      const its = of(member, name);
      its.epoch++;
      const tripped = type === "open" && local && (its.last ?? "close") === "close";
      its.last = type;
      if (type === "close") Object.assign(its, { opensSinceClosed: 0, closedAt: member.monotonic() });
      if (type === "open" && its.opensSinceClosed++ === 0)
        Object.assign(its, { trippedAt: time.now(), closedHereMs: member.monotonic() - its.closedAt });
      // Without swap it may hear of its own trip after another process closed it.
      const late = plan.without.includes("swap") && (plan.network.distanceMs ?? 0) > 0;
      // A failure confirms what another process opened.
      const confirms = scope === "confirm" && world.store.record(name)?.state === "open";
      // A store that lost the closing may show that the circuit was open.
      if (
        tripped &&
        !forgets &&
        !late &&
        !confirms &&
        time.now() - its.operated > 30_000 &&
        !counting.mayTrip(member, name)
      )
        fail("fewer failures than the rule says trip nothing", `${member.name} opened ${name}`);
      counting.reset(member, name);
      const circuit = member.circuits?.[Number(name.slice(1))];
      if (plan.pace && circuit !== undefined) agreement.moved(member, circuit, type);
      if (type === "open") {
        its.opens++;
        liveness.opened(member, name);
        this.stats.trips++;
        its.opened = true;
        const news = error !== its.error;
        its.error = error;
        // A check's deadline is not that of a call.
        const [, limitMs] = /(\d+) ms/.exec(error?.message) ?? [];
        const ours = error?.code === "ERR_FAILFAST_TIMEOUT" && limitMs !== undefined;
        if (local && news && ours && member.heldUp(Number(limitMs)))
          fail(
            "a stalled process trips nothing",
            `${member.name} opened ${name} by a time-out of its own doing`,
          );
      }
      if (type !== "close") return;
      this.stats.closings++;
      const { revision } = member.circuits[Number(name.slice(1))].snapshot();
      if (local) {
        const operated = time.now() - its.operated < 5_000;
        const closedByItself = (closedRevisions.get(name) ?? new Set()).has(revision);
        if (!its.succeeding && !operated && !closedByItself && !closesByTime)
          fail("absence is not health", `${member.name} closed ${name} with no probe that succeeded`);
      } else if (!closesByTime && !(closedRevisions.get(name) ?? new Set()).has(revision) && revision !== 0) {
        fail(
          "absence is not health",
          `${member.name} heard that ${name} is closed, and nobody wrote that (revision ${revision})`,
        );
      }
    },
    opened: (member, name) => of(member, name).opened === true,
    /** A trip soon after a closing continues the back-off, a later one starts it again. */
    grown(key, old, record, by, storeNow) {
      const { backoff } = plan.options;
      const { reopens = 0 } = old;
      if (!backoff || !comparesTimes || reopens === 0 || record.manual) return;
      if (old.state !== "closed" || record.state !== "open") return;
      const name = key.slice("circuit:".length);
      const lastMs = Math.min(plan.open * backoff.factor ** (reopens - 1), 10 * plan.open) * 1_000;
      const forgetMs =
        backoff.forget === undefined
          ? lastMs * (isUpdated("timeout", name) ? 2 : 1)
          : milliseconds(backoff.forget);
      const closedMs = storeNow - old.at;
      const told = `${by} opened ${key} closed for ${Math.round(closedMs)} ms: ${reopens} and now ${record.reopens}`;
      const soon = storeIsWell && !isUpdated("timeout", name) && closedMs < forgetMs - 500;
      if (soon && (record.reopens ?? 0) < reopens)
        fail("too soon after it closed the back-off goes on", told);
      // What was decided while the store was away is written later, and that process may have closed it alone.
      const its = of({ name: by }, name);
      const { opensSinceClosed, trippedAt, closedHereMs } = its;
      const surelyMs = Math.min(closedMs - (time.now() - trippedAt), closedHereMs);
      const late = opensSinceClosed === 1 && surelyMs > forgetMs + 2_000;
      if (late && (record.reopens ?? 0) > 0) fail("closed for long enough, the back-off begins anew", told);
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
            !operators &&
            circuit.state === "open" &&
            left > longest(circuit.name) * 1.01 + 1
          )
            fail(
              "a deadline is clamped",
              `${member.name}: ${circuit.name} for another ${Math.round(left)} ms`,
            );
        }
      }
    },
    written(key, before, value, by, storeNow) {
      this.stats.writes++;
      const old = parse(before);
      const record = parse(value);
      if (record === undefined) return fail("records are readable", `${by} wrote ${value}`);
      if (key.startsWith("circuit:") && record.state === "closed") {
        const name = key.slice("circuit:".length);
        if (!closedRevisions.has(name)) closedRevisions.set(name, new Set());
        closedRevisions.get(name).add(record.revision);
      }
      if (key.startsWith("circuit:")) liveness.written(key.slice("circuit:".length), by, old, record);
      const number = `${key} ${record.revision}`;
      if ((numbered.get(number) ?? value) !== value) tied.add(number);
      numbered.set(number, value);
      const generation = `${key} ${record.generation}`;
      if (!begun.has(generation)) begun.set(generation, { at: time.now(), state: record.state });
      if (old === undefined) return;
      if (key.startsWith("circuit:")) this.grown(key, old, record, by, storeNow);
      const over = superseded.has(before);
      superseded.add(before);
      // The older of two versions can't read what the newer one wrote, and takes it for invalid bytes.
      if (plan.without.includes("swap") || plan.rollsOver) return;
      if (record.revision <= old.revision)
        fail("revisions grow", `${by} wrote revision ${record.revision} of ${key} over ${old.revision}`);
      const slow = plan.events.some(({ mode }) => mode === "slow") ? 500 : 0;
      const slack = 3 * plan.network.delay + old.duration / 500 + slow + 10;
      const taken = record.state === "half-open" && record.owner && record.owner !== old.owner;
      // Reads by `get` have no clock, so after a gap deadlines are compared by wall clocks, which are a minute apart
      // here.
      const timed = plan.tells && !plan.without.includes("list");
      // By its deadline, and by its beginning: the first writer may not know the store's clock yet.
      const sinceMs = time.now() - (begun.get(`${key} ${old.generation}`)?.at ?? 0);
      const leftMs = Math.min(old.until - storeNow, old.duration - sinceMs);
      // Of two that are tied, each process keeps the one that ends later by the store's clock.
      const known = !over && !tied.has(`${key} ${old.revision}`);
      if (taken && timed && known && leftMs > slack) {
        const left = `with ${leftMs.toFixed(0)} ms left of`;
        if (old.state === "half-open" && old.owner)
          fail("one lease at a time", `${by} took the lease of ${key} ${left} ${old.owner}'s`);
        // Each process applies its own longest open time.
        if (old.state === "open" && !isUpdated("timeout", key.slice("circuit:".length)))
          fail("no probe before the open time is over", `${by} took the lease of ${key} ${left} it`);
      }
      if (key.startsWith("circuit:") && record.generation === old.generation && record.state !== old.state)
        fail(
          "a transition begins a generation",
          `${by} wrote ${old.state} to ${record.state} of ${key} in one generation`,
        );
    },
  };
}

const UNITS = { ms: 1, s: 1_000, m: 60_000 };
const milliseconds = (time) => Number.parseFloat(time) * UNITS[/[a-z]+$/.exec(time)];

function parse(value) {
  if (value === null || RUBBISH.includes(value)) return undefined;
  try {
    const record = JSON.parse(value);
    return record?.v === 1 || record?.v === 2 ? record : undefined;
  } catch {
    return undefined;
  }
}
