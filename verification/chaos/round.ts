import { type Figures, type Fleet, lasts, now, until } from "./fleet.js";
import type { Fault, Subject } from "./subject.js";
import type { Check } from "./verdict.js";

/** Limits for the effects of a store's fault. */
const ADDED_MS = 1;
const PENDING = 8;
const GROWTH = 5_000_000;
/** Commands of one process in a second: polls, retries and reconnecting, but no storm. */
const ASKED_PER_SECOND = 12;
export const IN_STEP_MS = 2_000;
/** If a machine is too busy for half of the calls, their cost shows nothing. */
const MISSING = 50;
/** A silent loss is found by the next poll, after 12 to 18 s, and restored within another second. */
const WRITTEN_AGAIN_MS = 20_000;
/** How long to wait for something that should take less. */
const PATIENCE_MS = 30_000;

export interface Timing {
  /** Calls per second, in all processes together. */
  readonly rate: number;
  readonly baselineMs: number;
  readonly faultMs: number;
}

let rounds = 0;
export const nextRound = (): number => ++rounds;

/**
 * One fault, once. A circuit is open before it. One trips in one process during the fault, and others may not know of
 * that before the store is back. One trips afterwards. Calls and checks go on all the time.
 */
export async function round<S extends Subject>(
  subject: S,
  fleet: Fleet,
  fault: Fault<S>,
  timing: Timing,
): Promise<Check[]> {
  const id = nextRound();
  const [early, shop, late] = [`early-${id}`, `shop-${id}`, `late-${id}`];
  await fleet.all("use", { round: id });
  await fleet.at(0).ask("fail", { name: "early" });
  if ((await fleet.opened(early, 10_000)) === undefined) throw new Error("the fleet was not in step before");
  await fleet.all("load", { perSecond: timing.rate / fleet.members.length });
  await lasts(100);
  await fleet.begin();
  await lasts(timing.baselineMs);
  const before = await fleet.figures();
  const held = await fleet.memory();

  const heal = await fault.inject(subject, {
    ms: timing.faultMs,
    early: `circuit:${early}`,
    shop: `circuit:${shop}`,
    async join() {
      const newcomer = await fleet.join();
      await newcomer.ask("use", { round: id });
    },
  });
  let during: Figures;
  try {
    await fleet.begin();
    const half = timing.faultMs / 2;
    await lasts(half);
    await fleet.at(1).ask("fail", { name: "shop" });
    await lasts(half);
    during = await fleet.figures();
  } finally {
    await heal();
  }
  const healed = now();
  const grown = (await fleet.memory()).map((used, index) => used - (held[index] ?? used));
  const inStep = await fleet.opened(shop, PATIENCE_MS);
  const { at } = await fleet.at(2).ask<{ at: number }>("fail", { name: "late" });
  const heard = await fleet.opened(late, PATIENCE_MS);
  const after = await fleet.figures();
  await fleet.all("stop");
  const states = await fleet.all<{ states: Record<string, string> }>("states");
  const closed = states.filter(({ states: each }) => each["early"] !== "open" || each["steady"] !== "closed");

  const inStepMs = IN_STEP_MS + subject.pollMs + (subject.clientMs ?? 0);
  const checks: Check[] = [
    ...callChecks(after),
    {
      what: "calls missing",
      figure: Math.max(0, 100 - (during.calls / ((timing.rate * timing.faultMs) / 1_000)) * 100),
      limit: MISSING,
      unit: "%",
    },
    { what: "circuits in another state than they should be", figure: closed.length, limit: 0, unit: "" },
    { what: "added to a call at p99", figure: during.added, limit: ADDED_MS, unit: "ms" },
    { what: "a call's p99 before", figure: before.total, limit: Number.POSITIVE_INFINITY, unit: "ms" },
    { what: "a call's p99 during", figure: during.total, limit: Number.POSITIVE_INFINITY, unit: "ms" },
    { what: "unanswered at most", figure: during.pending, limit: PENDING, unit: "" },
    { what: "memory grown by", figure: Math.max(...grown) / 1e6, limit: GROWTH / 1e6, unit: "MB" },
    {
      what: "commands of a process per second",
      figure: during.askedPerSecond,
      limit: ASKED_PER_SECOND,
      unit: "/s",
    },
    elapsed("in step after", inStep, healed, inStepMs),
    elapsed("a later trip reaches all after", heard, at, inStepMs),
  ];
  if (fault.loses)
    checks.push(elapsed("written again after", await writtenAgain(subject, early), healed, WRITTEN_AGAIN_MS));
  await fleet.at(0).ask("reset");
  return checks;
}

/** All outcomes of calls must come from the backend or the circuit. */
function callChecks(after: Figures): Check[] {
  const [wrong] = after.wrong;
  return [
    {
      what: "calls with an outcome of nobody's",
      figure: after.wrongs,
      limit: 0,
      unit: "",
      ...(wrong === undefined ? {} : { note: wrong }),
    },
    { what: "calls refused by a closed circuit", figure: after.rejected["steady"] ?? 0, limit: 0, unit: "" },
    { what: "calls let through by an open one", figure: after.admitted["early"] ?? 0, limit: 0, unit: "" },
  ];
}

const elapsed = (what: string, at: number | undefined, since: number, limit: number): Check => ({
  what,
  figure: at === undefined ? Number.POSITIVE_INFINITY : Math.max(at - since, 0) / 1_000,
  limit: limit / 1_000,
  unit: "s",
});

async function writtenAgain(subject: Subject, circuit: string): Promise<number | undefined> {
  const open = async (): Promise<boolean> => {
    const record = await subject.read(`circuit:${circuit}`).catch(() => null);
    return record?.includes('"open"') ?? false;
  };
  try {
    await until(open, "the record was written again", PATIENCE_MS);
    return now();
  } catch {
    return undefined;
  }
}
