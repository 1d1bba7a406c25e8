// One process of the fleet: the shipped library on a clock of its own, traffic, and an end at any moment.
import { BadInput, makeCaller } from "./caller.mjs";
import { makeCheck } from "./check.mjs";

/** The coarse clock's tick. */
const TICK_MS = 10;
/** A request that was not answered for so long was given up, in ms. */
const PENDING_MS = 6_000;
/** A smaller step is lost in the sum of a drifting clock's time, and a timer would never be due. */
const SHORTEST_TIMER_MS = 0.001;

export function startMember(world, plan, index, life, version = 1) {
  const { time, random, tell, checks, store, library } = world;
  const name = `p${index}${life === 0 ? "" : `'${life}`}`;
  const host = `h${index % plan.hosts}`;
  const rate = 1 + (plan.drifts[index] ?? 0);
  const offset = time.now();
  let wallShift = 1_800_000_000_000 + (plan.skews[index] ?? 0);
  /** For how long its monotonic clock stood still; in a busy loop it is ahead of other events. */
  let slept = 0;
  let asleepSince;
  let ahead = 0;
  let lastTick = 0;
  const here = () => Math.max(time.now(), ahead);
  const monotonic = () => ((asleepSince ?? here()) - offset - slept) * rate;
  const member = {
    name,
    host,
    index,
    version,
    alive: true,
    operations: 0,
    cut: "",
    /** The circuits that it has called. */
    called: new Set(),
    watchers: [],
    /** When the store was last asked, by key, if it has not answered yet. */
    requests: new Map(),
    pausedUntil: 0,
    jumpedAt: -Infinity,
    /** When it was last cut off no more. */
    connectedAt: -Infinity,
    freezes: 0,
    /** When its event loop was blocked, on its own clock. */
    stalls: [],
    late: [],
    whenAwake(run) {
      if (!this.alive) return;
      if (time.now() >= this.pausedUntil) run();
      else this.late.push(run);
    },
    pause(ms) {
      lastTick = monotonic();
      this.pausedUntil = Math.max(this.pausedUntil, time.now() + ms);
      time.after(ms, () => this.wake());
    },
    /** Its event loop is blocked: it may cause time-outs itself. */
    stall(ms) {
      const forMs = time.now() + ms - here();
      // The clock of a host that sleeps stands still, and a busy loop blocks it already.
      if (asleepSince === undefined && forMs > 0)
        this.stalls.push({ from: monotonic(), to: monotonic() + forMs * rate });
      this.pause(ms);
    },
    /** How far its busy loop is ahead of other events: its messages leave when the loop ends. */
    lagMs: () => here() - time.now(),
    monotonic,
    coarse: () => (clock.coarse ?? clock.now)(),
    blocked(since) {
      const now = monotonic();
      return this.stalls.reduce(
        (sum, { from, to }) => sum + Math.max(0, Math.min(to, now) - Math.max(from, since)),
        0,
      );
    },
    /** A call that took that long was delayed by it. Only a few such calls in a row are excused. */
    heldUp(ms) {
      const now = monotonic();
      const often = this.stalls.filter(({ to }) => now - to < 120_000).length > 3;
      return !often && this.blocked(now - ms) > 0.6 * ms;
    },
    /** The host sleeps, and its monotonic clock stands still. */
    sleep(ms) {
      if (time.now() < this.pausedUntil) return;
      this.pause(ms);
      asleepSince = time.now();
    },
    /** The process is frozen. Thawed, it reads the store before it goes on. */
    freeze(ms) {
      // Requests without an answer may then time out.
      const heardFrom = Math.max(store.upSince(), this.connectedAt);
      const unanswered = [...this.requests.values()].some(
        (at) => at < heardFrom && at > time.now() - PENDING_MS,
      );
      const informed = store.isUp() && this.cut === "" && !unanswered;
      const nth = ++this.freezes;
      // Its connection is lost, and it notices late.
      if (this.cut === "") this.cut = "pushes";
      time.after(ms, async () => {
        if (this.cut === "pushes") this.cut = "";
        time.after(200, () => {
          for (const watcher of this.watchers) watcher.gap();
        });
        if (!this.alive || time.now() < this.pausedUntil) return;
        await failfast.ready();
        // If it is frozen again meanwhile, they may time out, too.
        if (this.alive) for (const n of circuits.keys()) call(n, informed && nth === this.freezes);
      });
      this.pause(ms);
    },
    /** It calls in a loop that never yields, so that nothing else of it runs. */
    loop(ms, calls) {
      if (time.now() < this.pausedUntil) return;
      this.stall(ms);
      const from = time.now();
      this.looping = true;
      for (let n = 1; n <= calls; n++) {
        ahead = from + (n * ms) / calls;
        call(n % plan.circuits);
      }
      this.looping = false;
    },
    /** Everything that fell due meanwhile happens at once. */
    wake() {
      if (time.now() < this.pausedUntil) return;
      if (asleepSince !== undefined) slept += time.now() - asleepSince;
      asleepSince = undefined;
      for (const run of this.late.splice(0)) time.after(0, () => this.whenAwake(run));
    },
    jump(ms) {
      wallShift += ms;
      this.jumpedAt = time.now();
    },
  };
  const clock = {
    now: monotonic,
    wall: () => wallShift + here(),
    random,
    blocked: (since) => member.blocked(since),
    after(ms, run) {
      let cancelled = false;
      const due = monotonic() + ms;
      const fire = () => {
        if (cancelled) return;
        const left = due - monotonic();
        // Timers follow the clock that stood still.
        if (left > 1) time.after(left / rate, () => member.whenAwake(fire));
        else run();
      };
      time.after(Math.max(ms / rate, SHORTEST_TIMER_MS), () => member.whenAwake(fire));
      return () => {
        cancelled = true;
      };
    },
    ...(plan.pace === undefined
      ? {}
      : {
          coarse() {
            if (time.now() >= member.pausedUntil) lastTick = monotonic() - (monotonic() % TICK_MS);
            return lastTick;
          },
        }),
  };
  const failfast = library.createFailfast({
    clock,
    store: store.connect(member),
    host,
    ...(plan.namedFirst ? { timeout: "30s" } : {}),
  });
  member.failfast = failfast;
  const check = plan.check && makeCheck(world, plan, member);
  const options = {
    ...plan.options,
    ...(check ? { recovery: check } : {}),
    ...(plan.ignores ? { ignore: [BadInput] } : {}),
  };
  const circuits = plan.namedFirst ? namedFirst() : namedHere();
  for (const type of ["open", "half-open", "close"]) {
    failfast.on(type, (event) => {
      if (!/^c\d+$/.test(event.circuit)) return;
      checks.stateChanges(member, event);
      tell(
        `${name}: ${event.circuit} is ${type === "close" ? "closed" : type}${event.local ? "" : ", as it heard"}`,
      );
      if (plan.listener === type) act(Number(event.circuit.slice(1)));
    });
  }
  if (plan.pace !== undefined) {
    for (const type of ["hold", "release"])
      failfast.on(type, ({ circuit }) => checks.counting.reset(member, circuit));
    failfast.on("reject", ({ circuit, error }) => checks.rejected(member, circuit, error));
    failfast.on("store-down", ({ error }) => {
      member.storeDown = true;
      checks.storeDown(member, error);
    });
    failfast.on("store-up", () => {
      member.storeDown = false;
    });
  }
  member.circuits = circuits;
  const call = makeCaller(world, plan, member, circuits);
  member.ready = failfast.ready();
  if (plan.names) callOnceEach(plan.names);

  function namedHere() {
    return Array.from({ length: plan.circuits }, (_, n) => failfast(`c${n}`, plan.open, options));
  }

  /** An operator knows their names before a guard defines them, by its first call, with options of its own. */
  function namedFirst() {
    if (life === 0 && index === 0) {
      tell(`an operator at ${name} trips c0 by its name`);
      checks.operatorActs(member, { name: "c0" });
      void failfast("c0").trip();
    }
    const guard = failfast((n) => `c${n}`, plan.open, options);
    return Array.from({ length: plan.circuits }, (_, n) => guard.for(n));
  }

  /** Many healthy names. */
  function callOnceEach(count) {
    const guard = failfast((n) => `well${n}`, plan.open, plan.options);
    const fetch = guard(async (n) => n);
    for (let n = 0; n < count; n++) void fetch(n);
  }

  /** A listener that calls the circuit. */
  function act(n) {
    if (member.acting || member.circuits === undefined) return;
    member.acting = true;
    // The call that caused the event is not over: the outcome of this one is not checked further.
    const outer = member.calling;
    if (outer) outer.acting = true;
    call(n);
    member.calling = outer;
    member.acting = false;
  }

  function traffic() {
    if (!member.alive || (world.healed && plan.check?.silent)) return;
    member.whenAwake(() => {
      if (!plan.inRotation || !library.isDown?.(failfast)) call(Math.floor(random() * plan.circuits));
    });
    time.after((-Math.log(1 - random()) * 1_000) / plan.callsPerSecond, traffic);
  }

  /** Now and then, one call or some of each circuit. */
  function sometimes() {
    if (!member.alive) return;
    const { everyMs, size } = plan.pace;
    for (let n = 0; n < size * plan.circuits; n++)
      time.after(size === 1 ? n : random() * pick(0, 20, 2_000), () =>
        member.whenAwake(() => call(n % plan.circuits)),
      );
    time.after(everyMs * (0.9 + 0.2 * random()), sometimes);
  }
  const pick = (...values) => values[Math.floor(random() * values.length)];

  const { kind = "busy", everyMs } = plan.pace ?? {};
  if (kind === "busy") time.after(random() * 1_000, traffic);
  else if (kind !== "job") time.after(random() * everyMs, sometimes);

  member.call = call;
  member.update = (n, changes) => {
    const given = changes.recovery === "check" ? { recovery: check } : changes;
    checks.optionsChange(member, circuits[n], changes, () => circuits[n].update(given));
  };
  member.operate = (n, verb) => {
    checks.operatorActs(member, circuits[n]);
    const [what, state] = verb.split(" ");
    const done = what === "hold" ? circuits[n].hold(state) : circuits[n][what]();
    void done.catch((error) => checks.fail("an operator's verb rejected", `${name}: ${error}`));
  };
  member.end = () => {
    member.alive = false;
    store.disconnect(member);
  };
  return member;
}
