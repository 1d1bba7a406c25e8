// One run: a fleet goes through a plan's faults, is healed, and is checked whether it is in step and alive.
import { makeChecks } from "./checks.mjs";
import { heal } from "./heal.mjs";
import { startMember } from "./member.mjs";
import { CHAOS_MS } from "./plan.mjs";
import { simulatedStore } from "./store.mjs";
import { chanceOf, virtualTime } from "./time.mjs";

const STEP_MS = 250;
/** A job ends after this share of the time to the next one, whatever it waits for. */
const JOB_SHARE = 0.8;

/**
 * Runs the plan with a library; the same plan and library give the same trace. `through`: goes on after a broken
 * promise, to find others.
 */
export async function simulate(plan, library, through = false) {
  const random = chanceOf(plan.seed ^ 0x5eed);
  const { clock: time, runUntil } = virtualTime(random);
  const trace = [];
  const world = {
    time,
    random,
    library,
    through,
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
  world.crash = (who, ms) => {
    tell(`${members[who].name} dies, and is started again after ${ms} ms`);
    members[who].end();
    time.after(ms, () => startAgain(who));
  };
  /** A probe or a check of a process begins: it may be the last event before it is cut off for long. */
  world.probing = (member) => {
    const { what, ms } = plan.lateProbe ?? {};
    if (what === undefined || world.healed || time.now() < member.pausedUntil || random() < 0.5) return;
    tell(`${member.name} is away (${what}) amid its probe for ${Math.round(ms)} ms`);
    member[what](ms);
  };
  /** A process for each run of a job, which ends once its calls are over. */
  async function runJob(who) {
    time.after(plan.pace.everyMs * (0.9 + 0.2 * random()), () => void runJob(who));
    members[who].end();
    const member = startMember(world, plan, who, ++lives[who]);
    members[who] = member;
    time.after(JOB_SHARE * plan.pace.everyMs, () => member.end());
    if (plan.pace.ready) await member.ready;
    for (const n of member.circuits.keys()) await member.call(n);
    if (!plan.killed) await member.failfast.settled();
    time.after(plan.killed ? random() * 20 : random() * 2_000, () => member.end());
  }
  function cutOff(who, way, ms) {
    const member = members[who];
    member.cut = way;
    time.after(ms, () => {
      member.cut = "";
      member.connectedAt = time.now();
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
      case "sleep":
        tell(`the host of ${member.name} sleeps for ${ms} ms`);
        member.sleep(ms);
        break;
      case "freeze":
        tell(`${member.name} is frozen for ${ms} ms`);
        member.freeze(ms);
        break;
      case "busy-loop":
        tell(`${member.name} calls ${event.calls} times in a loop of ${ms} ms`);
        member.loop(ms, event.calls);
        break;
      case "jump":
        tell(`the wall clock of ${member.name} jumps by ${ms} ms`);
        member.jump(ms);
        break;
      case "backend":
        tell(`the backend of c${circuit} fails for ${ms} ms`);
        world.downUntil.set(circuit, Math.max(world.downUntil.get(circuit) ?? 0, time.now() + ms));
        break;
      case "update":
        tell(
          `${event.whom === undefined ? "everywhere" : `at p${event.whom}`} c${circuit} is updated to ${JSON.stringify(event.options)}`,
        );
        for (const each of members)
          if (each.alive && (event.whom ?? each.index) === each.index) each.update(circuit, event.options);
        break;
      case "operator":
        if (!member.alive) break;
        tell(`an operator at ${member.name}: ${verb} c${circuit}`);
        member.operate(circuit, verb);
        break;
    }
  }
  // Once all is well, nothing more happens.
  for (const event of plan.events) time.after(event.at, () => world.healed || befall(event));
  if (plan.pace?.kind === "job")
    for (const who of members.keys()) time.after(random() * plan.pace.everyMs, () => void runJob(who));

  /** Time passes, with a look at every member now and then, until the condition holds or the time is over. */
  async function pass(ms, holds) {
    const end = time.now() + ms;
    while (time.now() < end) {
      await runUntil(Math.min(time.now() + (plan.stepMs ?? STEP_MS), end));
      checks.step(members);
      if (checks.over() || holds?.()) return true;
    }
    return holds === undefined;
  }

  await pass(plan.chaosMs ?? CHAOS_MS);
  if (!checks.over()) await heal({ world, plan, members, versions, startAgain, pass });
  return {
    violations: checks.violations,
    trace,
    hash: hashOf(trace),
    stats: checks.stats,
    seconds: time.now() / 1_000,
  };
}

/** FNV-1a over the trace. */
function hashOf(lines) {
  let hash = 0x811c9dc5;
  for (const line of lines)
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16);
}
