import type { CircuitOfFleet } from "../../fleet/view.js";
import { disagreements, nameOfStatus, type Status, statusOf } from "./status.js";

export type Filter = "all" | "open" | "half-open" | "held" | "disagree" | "closed";
export type Grouping = "state" | "prefix" | "none";

export interface Wanted {
  /** Words in the name, the reason, or the name of the person who acted. */
  readonly query: string;
  readonly filter: Filter;
  readonly grouping: Grouping;
}

export type Row =
  | { readonly kind: "group"; readonly key: string; readonly title: string; readonly count: number }
  | { readonly kind: "circuit"; readonly key: string; readonly circuit: CircuitOfFleet };

export type Counts = Readonly<Record<Filter, number>>;

const ORDER: readonly Status[] = ["open", "held-open", "half-open", "held-closed", "closed"];

const passes: Readonly<Record<Filter, (circuit: CircuitOfFleet) => boolean>> = {
  all: () => true,
  open: (circuit) => ["open", "held-open"].includes(statusOf(circuit)),
  "half-open": (circuit) => statusOf(circuit) === "half-open",
  held: ({ held }) => held !== undefined,
  disagree: (circuit) => disagreements(circuit) > 0,
  closed: (circuit) => ["closed", "held-closed"].includes(statusOf(circuit)),
};

export function countsOf(circuits: Iterable<CircuitOfFleet>): Counts {
  const counts = { all: 0, open: 0, "half-open": 0, held: 0, disagree: 0, closed: 0 };
  const filters = Object.keys(counts) as Filter[];
  for (const circuit of circuits) for (const filter of filters) if (passes[filter](circuit)) counts[filter]++;
  return counts;
}

/** The rows of the list: the selected circuits, in groups, and first those that need attention. */
export function rowsOf(sorted: readonly CircuitOfFleet[], { query, filter, grouping }: Wanted): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, CircuitOfFleet[]>();
  for (const circuit of sorted) {
    if (!passes[filter](circuit) || !hasAll(circuit, words)) continue;
    const group = groupOf(circuit, grouping);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [circuit]);
    else members.push(circuit);
  }
  const titles = grouping === "state" ? ORDER.map((status) => nameOfStatus[status]) : [...groups.keys()];
  return titles.flatMap((title) => rowsOfGroup(title, groups.get(title) ?? [], grouping));
}

function rowsOfGroup(title: string, circuits: readonly CircuitOfFleet[], grouping: Grouping): Row[] {
  const rows = circuits.map((circuit): Row => ({ kind: "circuit", key: `c${circuit.name}`, circuit }));
  if (grouping === "none" || circuits.length === 0) return rows;
  return [{ kind: "group", key: `g${title}`, title, count: circuits.length }, ...rows];
}

function hasAll({ name, reason = "", by = "" }: CircuitOfFleet, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = `${name}\n${reason}\n${by}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function groupOf(circuit: CircuitOfFleet, grouping: Grouping): string {
  if (grouping === "none") return "";
  if (grouping === "state") return nameOfStatus[statusOf(circuit)];
  // `billing_database`, `user:42`, `api.example.com`: the part before the first character that joins words.
  return /^[^\s_:./-]{1,40}(?=[\s_:./-])/.exec(circuit.name)?.[0] ?? "Others";
}
