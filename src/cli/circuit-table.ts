import type { CircuitOfFleet, FleetView } from "../fleet/view.js";
import { plain } from "./plain-text.js";
import type { Cell, Colour, Terminal } from "./terminal.js";
import { formatAgo, formatLeft, formatMoment } from "./times.js";

const COLOURS: Readonly<Record<CircuitOfFleet["state"], Colour>> = {
  open: "red",
  "half-open": "yellow",
  closed: "green",
};

export const stateOf = ({ held, state }: CircuitOfFleet): string =>
  held === undefined ? state : `held ${held}`;

/** Held circuits first, then open ones, then those about which processes disagree. */
const rank = (circuit: CircuitOfFleet): number =>
  circuit.held !== undefined
    ? 0
    : circuit.state === "open"
      ? 1
      : circuit.state === "half-open"
        ? 2
        : disagreeing(circuit) > 0
          ? 3
          : 4;

export const disagreeing = ({ processes }: CircuitOfFleet): number =>
  processes.filter(({ disagrees }) => disagrees !== undefined).length;

export const isQuiet = (circuit: CircuitOfFleet): boolean => rank(circuit) === 4;

export const byUrgency = (circuits: readonly CircuitOfFleet[]): CircuitOfFleet[] =>
  [...circuits].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));

/** The circuits, one on each line. */
export function circuitTable(out: Terminal, circuits: readonly CircuitOfFleet[], now: number): string[] {
  const rows = circuits.map((circuit): Cell[] => {
    const { since, until, reason = "", by = "", processes } = circuit;
    const closed = stateOf(circuit) === "closed";
    const odd = disagreeing(circuit);
    return [
      { text: circuit.name, colour: "bold" },
      { text: stateOf(circuit), colour: COLOURS[circuit.state] },
      { text: formatAgo(since, now) },
      { text: formatLeft(until, now) },
      { text: reason, ...(closed && { colour: "dim" as const }) },
      { text: by, ...(closed && { colour: "dim" as const }) },
      {
        text: odd === 0 ? String(processes.length || "") : `${odd} of ${processes.length} disagree`,
        ...(odd > 0 && { colour: "yellow" as const }),
      },
    ];
  });
  return out.table(["CIRCUIT", "STATE", "SINCE", "ENDS", "WHY", "BY", "PROCESSES"], rows);
}

/** One line about the whole fleet. */
export function summary(out: Terminal, address: string, view: FleetView): string {
  const { circuits, processes, store, reports } = view;
  const open = circuits.filter((circuit) => circuit.state === "open").length;
  const held = circuits.filter((circuit) => circuit.held !== undefined).length;
  const counted = [
    out.paint(`${open} open`, open > 0 ? "red" : "none"),
    ...(held > 0 ? [`${held} held`] : []),
    `${circuits.length} ${circuits.length === 1 ? "circuit" : "circuits"}`,
    reports || processes.length > 0
      ? `${processes.length} ${processes.length === 1 ? "process reports" : "processes report"}`
      : "this kind of store keeps no reports",
  ];
  const health = store.up
    ? store.latencyMs === undefined
      ? []
      : [`answered in ${store.latencyMs.toFixed(1)} ms`]
    : [out.paint(`does not answer: ${plain(store.error ?? "")}`, "red")];
  return `${out.paint(plain(address), "bold")}  ${[...counted, ...health].join(", ")}`;
}

/** A share with at most four digits; anything else unchanged. */
const shortened = (value: string): string =>
  /^\d+\.\d{5,}$/.test(value) ? String(Number(Number(value).toFixed(4))) : value;

/** Everything that is known about one circuit. */
export function circuitDetails(out: Terminal, circuit: CircuitOfFleet, now: number): string[] {
  const { since, until, reason, by, reopens, votes, totals, inFlight, latencyMs, settings, differing } =
    circuit;
  const facts: [string, string | undefined][] = [
    ["state", stateOf(circuit)],
    ["since", since === undefined ? undefined : `${formatAgo(since, now)} (${formatMoment(since)})`],
    ["ends", until === undefined ? undefined : `${formatLeft(until, now)} (${formatMoment(until)})`],
    ["why", reason],
    ["by", by],
    ["probes failed", reopens === 0 ? undefined : `${reopens} in a row`],
    ["votes", votes.map(({ host }) => host).join(", ") || undefined],
    [
      "calls",
      circuit.processes.length === 0
        ? "unknown: no process reports it"
        : totals.calls === undefined
          ? undefined
          : String(totals.calls),
    ],
    ["failures", totals.failures === undefined ? undefined : String(totals.failures)],
    ["rejections", totals.rejections === undefined ? undefined : String(totals.rejections)],
    ["slow", totals.slow ? String(totals.slow) : undefined],
    ["in flight", inFlight === undefined ? undefined : String(inFlight)],
    [
      "latency",
      latencyMs && `median ${latencyMs.p50.toFixed(1)} ms, 99th percentile ${latencyMs.p99.toFixed(1)} ms`,
    ],
    [
      "settings",
      Object.entries(settings)
        .map(([name, value]) => `${name} ${shortened(value)}`)
        .join(", ") || undefined,
    ],
    ["differing", differing.length === 0 ? undefined : `${differing.join(", ")}: differs between processes`],
  ];
  const rows = circuit.processes.map(({ id, state, disagrees = "" }): Cell[] => [
    { text: id },
    { text: state },
    { text: disagrees, colour: "yellow" },
  ]);
  return [
    out.paint(plain(circuit.name), "bold"),
    ...facts.flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : `  ${name.padEnd(13)} ${plain(value)}`,
    ),
    ...(rows.length === 0 ? [] : ["", ...out.table(["PROCESS", "SEES IT", "DISAGREES"], rows)]),
  ];
}
