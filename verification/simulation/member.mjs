// One process of the fleet: the shipped library on a clock of its own, traffic, and an end at any moment.

/** The failure of the backend: the same object for all, so that it is seen whether it reaches its caller. */
const BACKEND = new Error("the backend failed");

/** After a stall, what times out within as long again, but no longer than this, is blamed on it. */
const AFTERMATH_MS = 1_000;

export function startMember(world, plan, index, life, version = 1) {
  const { time, random, tell, checks, store, library } = world;
  const name = `p${index}${life === 0 ? "" : `'${life}`}`;
  const host = `h${index % plan.hosts}`;
  const rate = 1 + (plan.drifts[index] ?? 0);
  const offset = time.now();
  let wallShift = 1_800_000_000_000 + (plan.skews[index] ?? 0);
  const member = {
    name,
    host,
    index,
    version,
    alive: true,
    operations: 0,
    cut: "",
    watchers: [],
    pausedUntil: 0,
    blamedUntil: 0,
    late: [],
    whenAwake(run) {
      if (!this.alive) return;
      if (time.now() >= this.pausedUntil) run();
      else this.late.push(run);
    },
    pause(ms) {
      this.pausedUntil = Math.max(this.pausedUntil, time.now() + ms);
      time.after(ms, () => this.wake());
    },
    /** Its event loop is blocked, and it notices afterwards: what times out in the second after that is its doing. */
    stall(ms) {
      this.pause(ms);
      this.blamedUntil = time.now() + ms + Math.min(ms, AFTERMATH_MS);
    },
    stalled: () => time.now() < member.blamedUntil,
    /** What fell due meanwhile comes all at once. */
    wake() {
      if (time.now() < this.pausedUntil) return;
      for (const run of this.late.splice(0)) time.after(0, () => this.whenAwake(run));
    },
    jump(ms) {
      wallShift += ms;
    },
  };
  const clock = {
    now: () => (time.now() - offset) * rate,
    wall: () => wallShift + time.now(),
    random,
    stalled: member.stalled,
    after(ms, run) {
      let cancelled = false;
      time.after(ms / rate, () => {
        if (!cancelled) member.whenAwake(run);
      });
      return () => {
        cancelled = true;
      };
    },
  };
  const failfast = library.createFailfast({ clock, store: store.connect(member), host });
  const circuits = Array.from({ length: plan.circuits }, (_, n) =>
    failfast(`c${n}`, plan.open, plan.options),
  );
  for (const type of ["open", "half-open", "close"]) {
    failfast.on(type, (event) => {
      checks.moved(member, event);
      tell(
        `${name}: ${event.circuit} is ${type === "close" ? "closed" : type}${event.local ? "" : ", as it heard"}`,
      );
    });
  }
  void failfast.ready();

  /** A call to the backend of a circuit; what came of it is checked as it happens. */
  function call(n) {
    const circuit = circuits[n];
    const bad = index % plan.hosts < plan.badHosts && !world.healed;
    const fails = bad || world.backendDown(n, index) || (!world.healed && random() < plan.errors);
    const latency = fails
      ? 5 + random() * 50
      : 5 + random() * (!world.healed && random() < 0.05 ? 3_000 : 100);
    const began = checks.calling(member, circuit);
    let admitted;
    const end = circuit.run(
      () =>
        new Promise((resolve, reject) => {
          admitted = checks.admitted(member, circuit, began, bad);
          time.after(latency, () =>
            member.whenAwake(() => {
              checks.ending(member, circuit, admitted, fails);
              if (fails) reject(BACKEND);
              else resolve(name);
            }),
          );
        }),
    );
    checks.called(member, circuit, began);
    end.then(
      (value) => checks.ended(member, circuit, began, { value, expected: name, fails }),
      (error) => checks.ended(member, circuit, began, { error, expected: BACKEND, fails }),
    );
  }

  function traffic() {
    if (!member.alive) return;
    member.whenAwake(() => call(Math.floor(random() * plan.circuits)));
    time.after((-Math.log(1 - random()) * 1_000) / plan.callsPerSecond, traffic);
  }
  time.after(random() * 1_000, traffic);

  member.circuits = circuits;
  member.call = call;
  member.operate = (n, verb) => {
    checks.operated(member, circuits[n]);
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
