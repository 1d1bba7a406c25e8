// Everything works again: is the fleet in step, does every circuit recover, and does it go on working?
import { RUBBISH } from "./plan.mjs";

/** The most calls of each process that recovery may take. */
const CALLS = 12;

export async function heal({ world, plan, members, versions, startAgain, pass }) {
  const { time, checks, store, tell } = world;
  const { kind = "busy", everyMs = 0 } = plan.pace ?? {};
  const {
    backoff,
    callTimeout,
    rampUp,
    failureRate,
    threshold = failureRate ? 4 : 1,
    quorum = 1,
    scope = "fleet",
    consecutive = 1,
  } = plan.options;
  const updated = (option, most) =>
    plan.events.some(({ what, options }) => what === "update" && option in options) ? most : 1;
  const probes = Math.max(plan.options.probes ?? 1, updated("probes", 3));
  const open = plan.open * updated("timeout", 2);
  const slowest = kind === "busy" ? (20_000 * plan.circuits) / plan.callsPerSecond : CALLS * probes * everyMs;
  const patience =
    open * 1_000 * (backoff ? 10 : 1) + 120_000 + slowest + 10 * (plan.latencyMs ?? 0) * probes;
  const all = (holds) =>
    members.every(
      (member) =>
        (kind !== "job" && !member.alive) || member.circuits.every((circuit) => holds(circuit, member)),
    );
  const closed = () =>
    all(({ state, held, name }, { index }) =>
      kind === "job" ? checks.servedInARow(index, name) > 1 : state === "closed" && held === undefined,
    );

  allIsWell();
  await pass(6_000);
  const started = () => members.every(({ alive }) => alive);
  if (kind !== "job" && !started()) await pass(patience, started);
  // An operator releases all holds, and looks again, because one that the store had lost may return.
  for (let n = 1; n <= 20 * plan.circuits; n++) time.after(n * 2_000, release);
  // Killed before a far store can answer, a job never tells it that its probe succeeded.
  const tells = !plan.killed || (plan.network.distanceMs ?? 0) === 0;
  if (!(await pass(patience, closed)) && tells)
    checks.fail("no state is a dead end", `after ${patience / 1_000} s of health: ${standing(members)}`);
  if (plan.storeEnds !== undefined || kind === "job") return;
  // A store that was down is asked again after half a minute at the latest.
  if (!checks.over()) await pass(35_000);
  if (!checks.over() && !(await pass(5_000, inStep)))
    checks.fail(
      "replicas converge",
      `after 40 s: ${standing(members)}; stored ${members[0].circuits.map(({ name }) => revisionOf(name))}`,
    );
  const often =
    kind === "busy" && plan.callsPerSecond / plan.circuits > 0.5 * Math.max(threshold, consecutive);
  // Without swap two may believe that they wrote; the following is promised only with swap.
  const agree =
    !plan.without.includes("swap") &&
    scope === "fleet" &&
    quorum === 1 &&
    often &&
    rampUp === undefined &&
    !plan.check?.silent &&
    failureRate === undefined &&
    !plan.slow;
  if (!checks.over() && agree) await anotherOutage();

  function allIsWell() {
    tell("all is well from here on");
    world.healed = true;
    world.downUntil.clear();
    store.setMode(plan.storeEnds ?? "up");
    for (const member of members) {
      member.cut = "";
      member.pausedUntil = Math.min(member.pausedUntil, time.now());
      member.wake();
    }
    for (const [who, version] of versions.entries())
      if (plan.rollsOver && version === 1) {
        versions[who] = 2;
        startAgain(who);
      }
  }

  function release() {
    for (const member of members.filter(({ alive }) => alive || kind === "job"))
      for (const [n, circuit] of member.circuits.entries())
        if (circuit.held !== undefined) {
          tell(`an operator at ${member.name} releases c${n}`);
          member.operate(n, "release");
          return;
        }
  }

  function revisionOf(name) {
    const value = store.live(`circuit:${name}`);
    return value === null || RUBBISH.includes(value) ? 0 : JSON.parse(value).revision;
  }

  function inStep() {
    return all((circuit, member) => {
      const { revision } = circuit.snapshot();
      const stored = revisionOf(circuit.name);
      // Of a closed circuit that the store has lost, each process may remember what it saw.
      return (
        revision === stored || (stored < revision && circuit.state === "closed") || (revision === 0 && member)
      );
    });
  }

  async function anotherOutage() {
    tell("the store is emptied, and p0 starts afresh: the backend of c0 fails it alone");
    store.empty();
    startAgain(0);
    world.hit = 1;
    world.downUntil.set(0, Number.POSITIVE_INFINITY);
    const known = () => members.every(({ circuits }) => circuits[0].state !== "closed");
    if (!(await pass(60_000, () => checks.opened(members[0], "c0"))))
      checks.fail(
        "a failure opens it here at once",
        `p0 is not open after 60 s of failures: ${standing(members)}`,
      );
    // With a store clock and push the others know it at once; without a clock p0 may be taken for late at first. From an
    // empty store it learns the time only with the answer to its first write.
    const behindMs = plan.storeSkew - (plan.skews[0] ?? 0);
    const seemsOver = behindMs > 1_000 * plan.open - 600;
    const pushed =
      plan.tells &&
      !plan.without.includes("list") &&
      !seemsOver &&
      !plan.without.includes("watch") &&
      consecutive === 1;
    const soon =
      (pushed ? 500 : plan.tells ? 3_000 : 25_000) +
      6 * (plan.network.distanceMs ?? 0) +
      (plan.names ? 30_000 : 0);
    // What seems over may be probed, and closed, before a look at all of them.
    if (!checks.over() && plan.open > 3 && !(await pass(soon, known)) && !seemsOver)
      checks.fail("a trip reaches everyone", `after ${soon} ms: ${standing(members)}`);
    await forget();
    world.downUntil.set(0, 0);
    tell("and is well again");
    if (!checks.over() && !(await pass(patience + (callTimeout ? 5_000 : 0), closed)))
      checks.fail("no state is a dead end", `after the second outage: ${standing(members)}`);
  }

  /** The store forgets an open circuit: those who know write it again. */
  async function forget() {
    const left = () =>
      Math.min(...members.map(({ circuits }) => (circuits[0].state === "open" ? circuits[0].retryAfter : 0)));
    if (checks.over() || left() < 4.5) return;
    tell("the store is emptied");
    store.empty();
    await pass(4_000);
    if (left() > 0 && store.live("circuit:c0") === null)
      checks.fail(
        "what is still true is written again",
        `c0 is open everywhere, and the store does not have it`,
      );
  }
}

const standing = (members) =>
  members
    .map(
      ({ name, circuits }) =>
        `${name} ${circuits.map((circuit) => `${circuit.state}@${circuit.snapshot().revision}`).join(" ")}`,
    )
    .join(", ");
