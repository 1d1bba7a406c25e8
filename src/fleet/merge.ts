import { decodeName } from "../protocol/decode-name.js";
import type { CircuitReport, ProcessReport } from "../report/process-report.js";
import { heldAt, type Records, stateAt } from "../report/records.js";
import { differences, disagreement } from "./disagreement.js";
import type { CircuitOfFleet, ProcessOfFleet } from "./view.js";

interface Reported {
  readonly process: ProcessReport;
  readonly circuit: CircuitReport;
}

/** Combines what the records say about the circuits with what the processes report. */
export function mergeCircuits(
  records: ReadonlyMap<string, Records>,
  processes: readonly ProcessReport[],
  now: number,
): CircuitOfFleet[] {
  const reported = new Map<string, Reported[]>();
  for (const process of processes)
    for (const circuit of process.circuits) {
      const those = reported.get(circuit.key);
      if (those === undefined) reported.set(circuit.key, [{ process, circuit }]);
      else those.push({ process, circuit });
    }
  const version = newestOf(processes);
  const keys = new Set([...records.keys(), ...reported.keys()]);
  return [...keys]
    .map((key) => mergeOne(key, records.get(key) ?? {}, reported.get(key) ?? [], version, now))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function mergeOne(
  key: string,
  records: Records,
  reported: readonly Reported[],
  version: string,
  now: number,
): CircuitOfFleet {
  const { circuit } = records;
  const held = heldAt(records, now);
  const state = stateAt(records, now);
  const { at, until = 0, reason, by } = (held ? records.hold : circuit) ?? {};
  const all = reported.map(({ process, circuit: { settings: index } }) => process.settings[index] ?? {});
  const settings = mostCommon(all);
  const sum = (of: (report: CircuitReport) => number | undefined): number | undefined =>
    reported.reduce<number | undefined>((total, { circuit: each }) => {
      const value = of(each);
      return value === undefined ? total : (total ?? 0) + value;
    }, undefined);
  return {
    name: decodeName(key),
    state,
    held,
    since: at,
    until: (held !== undefined || state !== "closed") && until > now ? until : undefined,
    reason: reason || undefined,
    by: by || undefined,
    reopens: circuit?.reopens ?? 0,
    votes: (circuit?.votes ?? []).filter((vote) => vote.until > now),
    totals: {
      calls: sum(({ calls }) => calls),
      failures: sum(({ failures }) => failures),
      rejections: sum(({ rejections }) => rejections),
      slow: sum(({ slow }) => slow),
    },
    inFlight: sum(({ inFlight }) => inFlight),
    latencyMs: latencyOf(reported),
    settings,
    differing: differingIn(all, settings),
    processes: reported.map(({ process, circuit: each }) => ({
      id: process.id,
      state: each.held === undefined ? each.state : `held ${each.held}`,
      disagrees: disagreement(records, process, each, { settings, version }),
    })),
  };
}

function latencyOf(reported: readonly Reported[]): CircuitOfFleet["latencyMs"] {
  const found = reported.flatMap(({ circuit: { latencyMs } }) => latencyMs ?? []);
  if (found.length === 0) return undefined;
  const p50 = found.reduce((sum, each) => sum + each.p50, 0) / found.length;
  return { p50, p99: Math.max(...found.map((each) => each.p99)) };
}

function mostCommon(all: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  const counts = new Map<string, number>();
  let most: Readonly<Record<string, string>> = {};
  let highest = 0;
  for (const each of all) {
    const text = JSON.stringify(each);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    if (count <= highest) continue;
    highest = count;
    most = each;
  }
  return most;
}

/** The options that differ in at least one of them. */
function differingIn(
  all: readonly Readonly<Record<string, string>>[],
  most: Readonly<Record<string, string>>,
): string[] {
  const names = new Set(all.flatMap((each) => differences(each, most)));
  return [...names].sort();
}

function newestOf(processes: readonly ProcessReport[]): string {
  return processes.map(({ version }) => version).reduce((a, b) => (isNewer(b, a) ? b : a), "");
}

/** Sorted by the numbers in it, one after the other. */
function isNewer(version: string, other: string): boolean {
  const [ours, theirs] = [version, other].map((each) => each.split(/[.+-]/).map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (ours?.[at] || 0) - (theirs?.[at] || 0);
    if (difference !== 0) return difference > 0;
  }
  return other === "";
}

export const describeProcess = (report: ProcessReport): ProcessOfFleet => ({
  id: report.id,
  host: report.host,
  pid: report.pid,
  service: report.service,
  version: report.version,
  startedAt: report.startedAt,
  seenAt: report.at,
  circuits: report.total,
  storeUp: report.storeUp,
  truncated: report.total > report.circuits.length,
});
