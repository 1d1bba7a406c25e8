import type { CircuitState } from "../events/circuit-state.js";

/** What a process reports of one of its circuits. */
export interface CircuitReport {
  /** The name in the form that the store's keys use. */
  readonly key: string;
  /** The state that calls meet there. */
  readonly state: CircuitState;
  readonly held: "open" | "closed" | undefined;
  /** It has decided something that the store has not granted. */
  readonly pending: boolean;
  /** Which of the report's settings apply to it. */
  readonly settings: number;
  /** Since the process began; calls are those that were admitted. `undefined` if nobody counts them. */
  readonly calls: number | undefined;
  readonly failures: number;
  readonly rejections: number;
  readonly slow: number;
  readonly inFlight: number | undefined;
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
}

/** What a process reports of itself. Times in ms since the epoch, by the store's clock. */
export interface ProcessReport {
  /** Host, process id, a mark that no other process has, and the service. */
  readonly id: string;
  readonly host: string;
  readonly pid: number | undefined;
  readonly service: string | undefined;
  /** The version of this package. */
  readonly version: string;
  readonly startedAt: number;
  readonly at: number;
  /** When to expect the next report, in ms. If three are missing, the process is gone. */
  readonly everyMs: number;
  readonly storeUp: boolean;
  /** How many circuits it has; the report may list fewer. */
  readonly total: number;
  readonly settings: readonly Readonly<Record<string, string>>[];
  readonly circuits: readonly CircuitReport[];
}

/** How long a report is valid if no other comes, in ms. */
export const reportValidMs = (everyMs: number): number => 3 * everyMs + 5_000;

/** A longer value, in characters, is not a report. */
const LONGEST_REPORT = 65_536;
const REPORT = "report:";
const LONGEST_TEXT = 256;
const MOST_SETTINGS = 64;

/** The key of a process's report. */
export const reportKey = (id: string): string => REPORT + id.replace(/[^\w.@/-]/g, "_");

export const isReportKey = (key: string): boolean => key.startsWith(REPORT);

/** Small readable JSON, for an operator who uses the store's own shell. Empty and zero values are left out. */
export function encodeReport({ circuits, ...report }: ProcessReport): string {
  const withoutZeros = (_: string, value: unknown): unknown =>
    value === 0 || value === false || value === "" ? undefined : value;
  const head = JSON.stringify({ v: 1, ...report, storeUp: report.storeUp ? undefined : "no" }, withoutZeros);
  const parts: string[] = [];
  let length = head.length + 20;
  for (const { key: k, state, settings: g, calls, inFlight, latencyMs, ...rest } of circuits) {
    const times = latencyMs && [round(latencyMs.p50), round(latencyMs.p99)];
    const s = state === "closed" ? undefined : state;
    const part = JSON.stringify(
      { k, s, g, n: calls ?? -1, f: inFlight ?? -1, ms: times, ...rest },
      withoutZeros,
    );
    length += part.length + 1;
    if (length > LONGEST_REPORT) break;
    parts.push(part);
  }
  return `${head.slice(0, -1)},"circuits":[${parts.join()}]}`;
}

/** Reads a report; `undefined` for anything that no process would have written. */
export function decodeReport(raw: string): ProcessReport | undefined {
  const fields = parse(raw);
  if (fields === undefined || fields["v"] !== 1) return undefined;
  const { settings, circuits, storeUp } = fields;
  const id = text(fields["id"]);
  const host = text(fields["host"]);
  const version = text(fields["version"]);
  const at = count(fields["at"]);
  const startedAt = count(fields["startedAt"]);
  const everyMs = count(fields["everyMs"]);
  const total = count(fields["total"]);
  if (id === undefined || host === undefined || version === undefined) return undefined;
  if (at === undefined || startedAt === undefined) return undefined;
  if (everyMs === undefined || total === undefined) return undefined;
  if (!Array.isArray(settings) || settings.length > MOST_SETTINGS || !Array.isArray(circuits))
    return undefined;
  const known = settings.map(decodeSettings);
  const decoded = (circuits as unknown[]).map((each) => decodeCircuit(each, known.length));
  return {
    id,
    host,
    version,
    at,
    startedAt,
    everyMs,
    total,
    pid: count(fields["pid"]) || undefined,
    service: text(fields["service"]) || undefined,
    storeUp: storeUp === undefined,
    settings: known,
    circuits: decoded.filter((each) => each !== undefined),
  };
}

function decodeCircuit(value: unknown, settingsThere: number): CircuitReport | undefined {
  const fields = (value ?? {}) as Record<string, unknown>;
  const key = text(fields["k"]);
  const state = fields["s"] ?? "closed";
  const settings = count(fields["g"]);
  const held = fields["held"];
  if (key === undefined || key === "" || settings === undefined || settings >= settingsThere)
    return undefined;
  if (state !== "open" && state !== "half-open" && state !== "closed") return undefined;
  if (held !== undefined && held !== "open" && held !== "closed") return undefined;
  const [p50, p99] = Array.isArray(fields["ms"]) ? (fields["ms"] as unknown[]).map(count) : [];
  return {
    key,
    state,
    held,
    settings,
    pending: fields["pending"] === true,
    calls: count(fields["n"]),
    failures: count(fields["failures"]) ?? 0,
    rejections: count(fields["rejections"]) ?? 0,
    slow: count(fields["slow"]) ?? 0,
    inFlight: count(fields["f"]),
    latencyMs: p50 === undefined || p99 === undefined ? undefined : { p50, p99 },
  };
}

function decodeSettings(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries((value ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter(([name, value]) => /^[a-z][a-zA-Z]{0,31}$/.test(name) && text(value)).slice(0, 40),
  ) as Record<string, string>;
}

function parse(raw: string): Record<string, unknown> | undefined {
  if (raw.length > LONGEST_REPORT) return undefined;
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown = ""): string | undefined {
  return typeof value === "string" && value.length <= LONGEST_TEXT ? value : undefined;
}

function count(value: unknown = 0): number | undefined {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
