import { type Fleet, lasts, type Member, now, until } from "./fleet.js";
import { allClosed, count, type ProcessFault, replace } from "./processes.js";
import { IN_STEP_MS, nextRound, type Timing } from "./round.js";
import type { Subject } from "./subject.js";
import type { Check } from "./verdict.js";

/** A check may take ten seconds, and its lease is a second longer. */
const LEASE_MS = 11_000;
const OPEN_MS = 2_000;
const PATIENCE_MS = 30_000;

const noServer = (store: string): string | undefined =>
  store === "file" ? "there is no server to kill" : undefined;

/** Faults while one process of the fleet runs the circuit's recovery check. */
export const checkFaults: readonly ProcessFault[] = [
  {
    name: "process: the checker killed amid its check",
    quick: true,
    run: (subject, fleet) => lost(subject, fleet, (checker) => checker.kill()),
  },
  {
    name: "process: the checker frozen amid its check, which fails late",
    run: (subject, fleet) =>
      lost(
        subject,
        fleet,
        async (checker) => void checker.child.kill("SIGSTOP"),
        async (checker) => void checker.child.kill("SIGCONT"),
      ),
  },
  {
    name: "process: the checker killed amid its check, and the store with it",
    unless: noServer,
    run: (subject, fleet, { faultMs }) =>
      lost(subject, fleet, async (checker) => {
        await Promise.all([checker.kill(), subject.server?.restart(faultMs)]);
      }),
  },
  {
    name: "process: the store killed amid a check, which ends well meanwhile",
    quick: true,
    unless: noServer,
    run: (subject, fleet, timing) => withoutStore(subject, fleet, timing),
  },
];

/** A check under way. */
interface UnderWay {
  /** The process that runs it, and when it began. */
  readonly checker: Member;
  readonly began: number;
  readonly others: readonly Member[];
  /** When the first process began a check; `Infinity` if none has. */
  next(): number;
  /** Another process instead of the one that has gone. */
  replace(): Promise<void>;
}

/**
 * A circuit is open, all processes call it all the time, and one of them checks the backend when the fault happens.
 * With any fault, no call may reach the backend before a check has succeeded. Then the circuit has to close
 * everywhere, and stay closed.
 */
async function amidCheck(
  subject: Subject,
  fleet: Fleet,
  befalls: (check: UnderWay) => Promise<Check[]>,
): Promise<Check[]> {
  const round = nextRound();
  const circuit = `checked-${round}`;
  const made = { round, openMs: OPEN_MS + subject.pollMs };
  const members = [...fleet.members];
  await fleet.all("checking", made);
  await lasts(subject.pollMs);
  const since = now();
  await fleet.at(0).ask("trip");
  if ((await fleet.opened(circuit, 10_000)) === undefined)
    throw new Error("the fleet was not in step before");
  for (const member of members) void member.ask("knock", { hangs: false }).catch(() => undefined);

  const first = (type: string, of: readonly Member[], from = since): number =>
    Math.min(...of.map((member) => member.heard(type, circuit, from) ?? Number.POSITIVE_INFINITY));
  const callsBefore = (moment: number): number =>
    members
      .flatMap(({ told }) => told)
      .filter(({ type, at }) => type === "probe" && at >= since && at < moment).length;
  const checking = (): Member | undefined =>
    members.find((member) => Number.isFinite(first("check", [member])));
  const begins = (): boolean => checking() !== undefined || callsBefore(Number.POSITIVE_INFINITY) > 0;
  await until(begins, "a process checked", PATIENCE_MS);
  const checker = checking();
  const checks: Check[] = [];
  if (checker !== undefined) {
    const began = first("check", [checker]);
    const others = members.filter((member) => member !== checker);
    const next = (): number => first("check", others);
    const newcomer = async (): Promise<void> =>
      void (await (await replace(fleet, checker)).ask("checking", made));
    // Until then others may not know of its lease.
    await lasts(subject.pollMs);
    checks.push(...(await befalls({ checker, began, others, next, replace: newcomer })));
    checks.push(
      count("the next check came before the lease was over", next() - began < LEASE_MS - 500 ? 1 : 0),
    );
  }
  await allClosed(fleet.members);
  const states = await fleet.all<{ state: string }>("enough");
  const well = first("well", members);
  const again = members.filter((member) => Number.isFinite(first("open", [member], well)));
  return [
    ...checks,
    count("calls that reached the backend before a check ended well", callsBefore(well)),
    count("processes that did not close", states.filter(({ state }) => state !== "closed").length),
    count("processes where it opened again", again.length),
  ];
}

/** The process is lost with its check: another one has to check when the lease is over, and no earlier. */
const lost = (
  subject: Subject,
  fleet: Fleet,
  happens: (checker: Member) => Promise<void>,
  after?: (checker: Member) => Promise<void>,
): Promise<Check[]> =>
  amidCheck(subject, fleet, async (check) => {
    const { checker, began, others, next } = check;
    await happens(checker);
    await Promise.all(others.map((member) => member.ask("well")));
    const tried = (): boolean => Number.isFinite(next());
    await until(tried, "another process checked", PATIENCE_MS).catch(() => undefined);
    await allClosed(others);
    if (after === undefined) await check.replace();
    else {
      await after(checker);
      await lasts(1_500 + subject.pollMs);
    }
    return [
      {
        what: "next check after",
        figure: (next() - began) / 1_000,
        limit: (LEASE_MS * 1.1 + subject.pollMs) / 1_000,
        unit: "s",
      },
    ];
  });

/** The check succeeds while the store is away: the others have to learn of it when the store is back. */
const withoutStore = (subject: Subject, fleet: Fleet, { faultMs }: Timing): Promise<Check[]> =>
  amidCheck(subject, fleet, async () => {
    const back = subject.server?.restart(faultMs);
    await lasts(faultMs / 2);
    await fleet.all("well");
    await back;
    const healed = now();
    const closed = await allClosed(fleet.members);
    return [
      {
        what: "in step after",
        figure: closed ? (now() - healed) / 1_000 : Number.POSITIVE_INFINITY,
        limit: (IN_STEP_MS + subject.pollMs + (subject.quietMs ?? subject.clientMs ?? 0)) / 1_000,
        unit: "s",
      },
    ];
  });
