import { type Fleet, lasts, type Member, now, until } from "./fleet.js";
import { nextRound, type Timing } from "./round.js";
import type { Subject } from "./subject.js";
import type { Check } from "./verdict.js";

/** Faults of a process of the fleet, for any store. */
export interface ProcessFault {
  readonly name: string;
  readonly quick?: boolean;
  /** The reason if it is not possible on that store. */
  unless?(store: string): string | undefined;
  run(subject: Subject, fleet: Fleet, timing: Timing): Promise<Check[]>;
}

/** A second of `callTimeout`, and one more. */
const LEASE_MS = 2_000;
const PATIENCE_MS = 30_000;

export const count = (what: string, figure: number, note?: string): Check => ({
  what,
  figure,
  limit: 0,
  unit: "",
  ...(note === undefined ? {} : { note }),
});

export const processFaults: readonly ProcessFault[] = [
  {
    name: "process: the prober killed during its probe",
    quick: true,
    run: (subject, fleet) => probe(subject, fleet, (prober) => prober.kill()),
  },
  {
    name: "process: the prober frozen during its probe, which fails late",
    run: (subject, fleet) =>
      probe(
        subject,
        fleet,
        async (prober) => void prober.child.kill("SIGSTOP"),
        async (prober) => void prober.child.kill("SIGCONT"),
      ),
  },
  {
    name: "process: its event loop blocked for 2 s during calls",
    quick: true,
    run: (_, fleet, timing) =>
      calm(fleet, timing, async () => {
        const { ends } = await fleet.at(0).ask<{ ends: string[] }>("block", { ms: 2_000 });
        const timedOut = ends.filter((end) => end === "TimeoutError").length;
        return [count("calls that did not time out", 5 - timedOut)];
      }),
  },
  {
    name: "process: stopped for 3 s and resumed",
    run: (_, fleet, timing) =>
      calm(fleet, timing, async () => {
        const { child } = fleet.at(0);
        child.kill("SIGSTOP");
        await lasts(3_000);
        child.kill("SIGCONT");
        return [];
      }),
  },
  {
    name: "process: killed while it trips, and started again",
    quick: true,
    async run(_, fleet, timing) {
      const id = nextRound();
      await fleet.all("use", { round: id });
      await fleet.all("load", { perSecond: timing.rate / fleet.members.length });
      await fleet.at(0).ask("fail", { name: "shop" });
      const since = now();
      if ((await fleet.opened(`shop-${id}`, 10_000)) === undefined) throw new Error("it reached nobody");
      const victim = fleet.at(0);
      await victim.kill();
      const newcomer = await replace(fleet, victim);
      await newcomer.ask("use", { round: id });
      const knows = await open(newcomer, "shop", PATIENCE_MS);
      await fleet.all("stop");
      return [
        ...(await outcomes(fleet)),
        { what: "the new one knows after", figure: (knows - since) / 1_000, limit: 30, unit: "s" },
        count("the new one does not know", Number.isFinite(knows) ? 0 : 1),
      ];
    },
  },
  {
    name: "process: its wall clock set a minute ahead, and back again",
    run: (subject, fleet, timing) =>
      calm(fleet, timing, async (id) => {
        const checks: Check[] = [];
        // Processes of one host have one clock. Behind a network it is one of many hosts.
        const set = (ms: number): Promise<unknown> =>
          subject.name === "file" ? fleet.all("skew", { ms }) : fleet.at(0).ask("skew", { ms });
        for (const ms of [60_000, -60_000]) {
          await set(ms);
          await lasts(500);
        }
        await fleet.at(0).ask("fail", { name: "shop" });
        const opened = await fleet.opened(`shop-${id}`, PATIENCE_MS);
        checks.push(count("a trip of the one with the wrong clock reaches nobody", opened ? 0 : 1));
        const left = (await fleet.all<{ retryAfter: number }>("states")).map(({ retryAfter }) => retryAfter);
        const slack = 10 + subject.pollMs / 1_000;
        const off = left.filter((seconds) => seconds > 300 || seconds < 300 - slack).length;
        checks.push(count("circuits open for another time", off, left.join(" ")));
        await set(0);
        return checks;
      }),
  },
];

/** Calls go on, one circuit is open and the others are closed, and no fault may change that. */
async function calm(
  fleet: Fleet,
  timing: Timing,
  happens: (round: number) => Promise<Check[]>,
): Promise<Check[]> {
  const id = nextRound();
  await fleet.all("use", { round: id });
  await fleet.at(0).ask("fail", { name: "early" });
  if ((await fleet.opened(`early-${id}`, 10_000)) === undefined)
    throw new Error("the fleet was not in step before");
  await fleet.all("load", { perSecond: timing.rate / fleet.members.length });
  await fleet.begin();
  const checks = await happens(id);
  await lasts(300);
  const rest = await outcomes(fleet);
  await fleet.all("stop");
  await fleet.at(0).ask("reset");
  return [...checks, ...rest];
}

async function outcomes(fleet: Fleet): Promise<Check[]> {
  const figures = await fleet.figures();
  return [
    count("calls with an outcome of nobody's", figures.wrongs, figures.wrong[0]),
    count("calls refused by a closed circuit", figures.rejected["steady"] ?? 0),
    count(
      "calls let through by an open one",
      fleetWasOpen(figures.rejected) ? (figures.admitted["early"] ?? 0) : 0,
    ),
  ];
}

const fleetWasOpen = (rejected: Record<string, number>): boolean => (rejected["early"] ?? 0) > 0;

/**
 * The open time is over, and one process has the probe when something happens to it. The others have to wait for the
 * end of its lease, and no longer. A late outcome of the first probe changes nothing for them.
 */
async function probe(
  subject: Subject,
  fleet: Fleet,
  befalls: (prober: Member) => Promise<void>,
  after?: (prober: Member) => Promise<void>,
): Promise<Check[]> {
  const id = nextRound();
  const circuit = `probed-${id}`;
  await fleet.all("probing", { round: id });
  await lasts(subject.pollMs);
  const prober = fleet.at(0);
  await prober.ask("trip");
  const others = fleet.members.filter((member) => member !== prober);
  if ((await fleet.opened(circuit, 10_000)) === undefined)
    throw new Error("the fleet was not in step before");
  void prober.ask("knock", { hangs: true }).catch(() => undefined);
  const probed = (member: Member): number | undefined => member.told.find(({ type }) => type === "probe")?.at;
  for (const member of fleet.members) member.told.length = 0;
  await until(() => probed(prober) !== undefined, "the prober probed", PATIENCE_MS);
  const leased = probed(prober) ?? 0;
  for (const member of others) void member.ask("knock", { hangs: false }).catch(() => undefined);
  await befalls(prober);
  const firstOf = (): number =>
    Math.min(...others.map((member) => probed(member) ?? Number.POSITIVE_INFINITY));
  await until(() => Number.isFinite(firstOf()), "another process probed", PATIENCE_MS).catch(() => undefined);
  const waited = firstOf() - leased;
  const closed = await allClosed(others);
  await after?.(prober);
  if (after) await lasts(1_500 + subject.pollMs);
  const open = (await Promise.all(others.map((member) => member.ask<{ state: string }>("enough")))).filter(
    ({ state }) => state !== "closed",
  );
  if (after) await prober.ask("enough");
  else await replace(fleet, prober);
  return [
    {
      what: "next probe after",
      figure: waited / 1_000,
      limit: (LEASE_MS * 1.1 + subject.pollMs) / 1_000,
      unit: "s",
    },
    count("the next probe came before the lease was over", waited < LEASE_MS - 100 ? 1 : 0),
    count("processes that did not close", closed ? open.length : others.length),
  ];
}

export async function allClosed(members: readonly Member[]): Promise<boolean> {
  const closed = async (): Promise<boolean> =>
    (await Promise.all(members.map((member) => member.ask<{ state: string }>("probed")))).every(
      ({ state }) => state === "closed",
    );
  return until(closed, "the circuit closed", PATIENCE_MS).then(
    () => true,
    () => false,
  );
}

/** A new process instead of one that has gone. */
export async function replace(fleet: Fleet, gone: Member): Promise<Member> {
  fleet.members.splice(fleet.members.indexOf(gone), 1);
  return fleet.join();
}

async function open(member: Member, name: string, withinMs: number): Promise<number> {
  const is = async (): Promise<boolean> =>
    (await member.ask<{ states: Record<string, string> }>("states")).states[name] === "open";
  return until(is, "it was open", withinMs).then(now, () => Number.POSITIVE_INFINITY);
}
