import type { CircuitReport, ProcessReport } from "../report/process-report.js";
import { changedAt, heldAt, type Records, stateAt } from "../report/records.js";

/** A change reaches every process within this time, in ms. Until then no process disagrees. */
const GRACE_MS = 2_000;

/** What most processes have, to compare each with. */
export interface Consensus {
  readonly settings: Readonly<Record<string, string>>;
  readonly version: string;
}

/** Why an operator should look at a process for a circuit, if there is a reason. */
export function disagreement(
  records: Records,
  process: ProcessReport,
  circuit: CircuitReport,
  { settings, version }: Consensus,
): string | undefined {
  const own = process.settings[circuit.settings] ?? {};
  const why = [
    otherView(records, process.at, circuit, own),
    otherSettings(own, settings),
    process.version === version ? undefined : `runs ${process.version}, and others ${version}`,
  ].filter((each) => each !== undefined);
  return why.length === 0 ? undefined : why.join("; ");
}

/** The process saw the circuit in another state than the records showed at that moment, and it had the time to know. */
function otherView(
  records: Records,
  at: number,
  { state, held, pending }: CircuitReport,
  settings: Readonly<Record<string, string>>,
): string | undefined {
  if (at - changedAt(records) < GRACE_MS) return undefined;
  const ends = [records.circuit?.until ?? 0, records.hold?.until ?? 0];
  if (ends.some((until) => Math.abs(until - at) < GRACE_MS)) return undefined;
  const recordedHold = heldAt(records, at);
  if (held !== recordedHold)
    return recordedHold === undefined
      ? `takes it as held ${held}`
      : `doesn't know that it is held ${recordedHold}`;
  if (held !== undefined) return undefined;
  const recorded = stateAt(records, at);
  if ((recorded === "closed") === (state === "closed")) return undefined;
  if (recorded !== "closed")
    return settings["scope"] === "confirm"
      ? "admits calls until one fails there"
      : `has it closed, and the store ${recorded}`;
  return pending
    ? `has it ${state} by itself, which the store has not granted`
    : `has it ${state}, and the store closed`;
}

/** The options that differ between two settings. */
export function differences(
  own: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): string[] {
  if (own === other) return [];
  const names = new Set([...Object.keys(own), ...Object.keys(other)]);
  return [...names].filter((name) => own[name] !== other[name]);
}

function otherSettings(
  own: Readonly<Record<string, string>>,
  most: Readonly<Record<string, string>>,
): string | undefined {
  const names = differences(own, most);
  if (names.length === 0) return undefined;
  const shown = names
    .slice(0, 3)
    .map((name) => `${name} ${own[name] ?? "off"}, elsewhere ${most[name] ?? "off"}`);
  return `its settings differ: ${shown.join("; ")}${names.length > shown.length ? "; …" : ""}`;
}
