// One run: a fleet through a plan's chaos, then healed, and asked whether it is in step and still alive.
import { makeChecks } from "./checks.mjs";
import { startMember } from "./member.mjs";
import { CHAOS_MS, RUBBISH } from "./plan.mjs";
import { simulatedStore } from "./store.mjs";
import { chanceOf, virtualTime } from "./time.mjs";

const STEP_MS = 250;

/** Runs the plan with a library; the same plan and library give the same trace. */
export async function simulate(plan, library) {
  const random = chanceOf(plan.seed ^ 0x5eed);
  const { clock: time, runUntil } = virtualTime(random);
  const trace = [];
  const world = {
    time,
    random,
    library,
    healed: false,
    downUntil: new Map(),
    backendDown: (n, index) => (world.downUntil.get(n) ?? 0) > time.now() && index < world.hit,
    /** How many of the processes an outage of the backend hits. */
    hit: Number.POSITIVE_INFINITY,
    tell: (text) => trace.push(`${(time.now() / 1_000).toFixed(3).padStart(9)} s  ${text}`),
  };
  world.checks = makeChecks(world, plan);
  world.store = simulatedStore(world, plan);
  const { checks, store, tell } = world;
  const lives = Array.from({ length: plan.processes }, () => 0);
  const versions = lives.map(() => 1);
  const members = lives.map((_, index) => startMember(world, plan, index, 0));

  function startAgain(who) {
    members[who].end();
    members[who] = startMember(world, plan, who, ++lives[who], versions[who]);
  }
  function cutOff(who, way, ms) {
    const member = members[who];
    member.cut = way;
    time.after(ms, () => {
      member.cut = "";
    });
  }

  function befall(event) {
    const { what, who, circuit, ms } = event;
    const member = members[who];
    const key = `circuit:c${circuit}`;
    const { mode, way, by, value, verb } = event;
    switch (what) {
      case "partition":
        tell(`${member.name} is cut off from the store (${way}) for ${ms} ms`);
        cutOff(who, way, ms);
        break;
      case "split": {
        const there = members.filter((_, index) => event.whom[index]);
        tell(`${there.map(({ name }) => name).join(", ")} are cut off from the store (${way}) for ${ms} ms`);
        for (const { index } of there) cutOff(index, way, ms);
        break;
      }
      case "store":
        store.setMode(mode);
        time.after(ms, () => store.setMode("up"));
        break;
      case "restart":
        tell(
          `the store crashes, and is up again after ${ms} ms ${by === 0 ? "with nothing in it" : `without its last ${by} writes`}`,
        );
        store.setMode("down");
        time.after(ms, () => {
          if (by === 0) store.empty();
          else store.rollBack(by);
          store.setMode("up");
        });
        break;
      case "empty":
        tell("the store is emptied");
        store.empty();
        break;
      case "roll-back":
        tell(`the store loses its last ${by} writes`);
        store.rollBack(by);
        break;
      case "evict":
        tell(`the store evicts ${key}`);
        store.evict(key);
        break;
      case "rubbish":
        tell(`rubbish is written under ${key}`);
        store.spoil(key, value);
        break;
      case "crash":
        tell(`${member.name} crashes, and is started again after ${ms} ms`);
        member.end();
        time.after(ms, () => startAgain(who));
        break;
      case "roll-over":
        tell(`${member.name} ends, and a later version starts after ${ms} ms`);
        versions[who] = 2;
        member.end();
        time.after(ms, () => startAgain(who));
        break;
      case "stall":
        tell(`the event loop of ${member.name} is blocked for ${ms} ms`);
        member.stall(ms);
        break;
      case "pause":
        tell(`${member.name} is paused for ${ms} ms`);
        member.pause(ms);
        break;
      case "jump":
        tell(`the wall clock of ${member.name} jumps by ${ms} ms`);
        member.jump(ms);
        break;
      case "backend":
        tell(`the backend of c${circuit} fails for ${ms} ms`);
        world.downUntil.set(circuit, Math.max(world.downUntil.get(circuit) ?? 0, time.now() + ms));
        break;
      case "operator":
        if (!member.alive) break;
        tell(`an operator at ${member.name}: ${verb} c${circuit}`);
        member.operate(circuit, verb);
        break;
    }
  }
  for (const event of plan.events) time.after(event.at, () => befall(event));

  /** Time passes, with a look at everybody now and then; until it holds, or so long. */
  async function pass(ms, holds) {
    const end = time.now() + ms;
    while (time.now() < end) {
      await runUntil(Math.min(time.now() + STEP_MS, end));
      checks.step(members);
      if (checks.violations.length > 0 || holds?.()) return true;
    }
    return holds === undefined;
  }

  await pass(CHAOS_MS);
  if (checks.violations.length === 0) await heal();
  return {
    violations: checks.violations,
    trace,
    hash: hashOf(trace),
    stats: checks.stats,
    seconds: time.now() / 1_000,
  };

  async function heal() {
    tell("all is well from here on");
    world.healed = true;
    world.downUntil.clear();
    store.setMode("up");
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
    await pass(6_000);
    // An operator ends what holds there are, and looks again: one that the store had lost may come back.
    const release = () => {
      for (const member of members)
        for (const [n, circuit] of member.circuits.entries())
          if (circuit.held !== undefined) {
            tell(`an operator at ${member.name} releases c${n}`);
            member.operate(n, "release");
            return;
          }
    };
    for (let n = 1; n <= 20 * plan.circuits; n++) time.after(n * 2_000, release);
    const all = (holds) =>
      members.every((member) => member.circuits.every((circuit) => holds(circuit, member)));
    const {
      backoff,
      callTimeout,
      rampUp,
      failureRate,
      threshold = failureRate ? 4 : 1,
      quorum = 1,
      scope = "fleet",
    } = plan.options;
    const slowest = (20_000 * plan.circuits) / plan.callsPerSecond;
    const patience = plan.open * 1_000 * (backoff ? 10 : 1) + 120_000 + slowest;
    const revisionOf = (name) => {
      const value = store.live(`circuit:${name}`);
      return value === null || RUBBISH.includes(value) ? 0 : JSON.parse(value).revision;
    };
    const closed = () => all((circuit) => circuit.state === "closed" && circuit.held === undefined);
    if (!(await pass(patience, closed)))
      checks.fail("no state is a dead end", `after ${patience / 1_000} s of health: ${standing(members)}`);
    const inStep = () =>
      all((circuit, member) => {
        const { revision } = circuit.snapshot();
        const stored = revisionOf(circuit.name);
        // Of a closed circuit that the store forgot, everyone may remember what they saw.
        return (
          revision === stored ||
          (stored < revision && circuit.state === "closed") ||
          (revision === 0 && member)
        );
      });
    // A store that was down is asked again after half a minute at the latest.
    if (checks.violations.length === 0) await pass(35_000);
    if (checks.violations.length === 0 && !(await pass(5_000, inStep)))
      checks.fail(
        "replicas converge",
        `after 40 s: ${standing(members)}; stored ${members[0].circuits.map(({ name }) => revisionOf(name))}`,
      );
    const often = plan.callsPerSecond / plan.circuits > 0.5 * threshold;
    // Without swap two may believe that they wrote: what follows is promised with it alone.
    const agree =
      !plan.without.includes("swap") &&
      scope === "fleet" &&
      quorum === 1 &&
      often &&
      rampUp === undefined &&
      failureRate === undefined;
    if (checks.violations.length > 0 || !agree) return;
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
    // With a clock of the store's it is news to the others as such; without one p0 may be taken for late at first.
    const soon = plan.tells ? 3_000 : 25_000;
    if (checks.violations.length === 0 && plan.open > 3 && !(await pass(soon, known)))
      checks.fail("a trip reaches everyone", `after ${soon} ms: ${standing(members)}`);
    await forget();
    world.downUntil.set(0, 0);
    tell("and is well again");
    if (checks.violations.length === 0 && !(await pass(patience + (callTimeout ? 5_000 : 0), closed)))
      checks.fail("no state is a dead end", `after the second outage: ${standing(members)}`);
  }

  /** The store forgets an open circuit: those who know write it again. */
  async function forget() {
    const left = () =>
      Math.min(...members.map(({ circuits }) => (circuits[0].state === "open" ? circuits[0].retryAfter : 0)));
    if (checks.violations.length > 0 || left() < 4.5) return;
    tell("the store is emptied");
    store.empty();
    await pass(4_000);
    if (left() > 0 && store.live("circuit:c0") === null)
      checks.fail(
        "what is still true is written again",
        `c0 is open everywhere, and the store knows nothing of it`,
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

/** FNV-1a over the trace. */
function hashOf(lines) {
  let hash = 0x811c9dc5;
  for (const line of lines)
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16);
}
