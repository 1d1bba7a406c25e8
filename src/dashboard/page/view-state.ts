import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CircuitOfFleet } from "../../fleet/view.js";
import { circuits, frame, membership } from "./live-state.js";
import { type Counts, countsOf, type Filter, type Grouping, type Row, rowsOf } from "./rows.js";

export type Tab = "circuits" | "processes" | "audit";
export type Theme = "auto" | "light" | "dark";

/** What the viewer has chosen to see. */
export const tab: Signal<Tab> = signal("circuits");
export const query: Signal<string> = signal("");
export const filter: Signal<Filter> = signal("all");
export const grouping: Signal<Grouping> = signal("state");
/** The circuit with its details shown. */
export const selected: Signal<string | undefined> = signal(undefined);
/** The circuit that has the keyboard focus. */
export const current: Signal<string | undefined> = signal(undefined);

const names: ReadonlySignal<readonly string[]> = computed(() => {
  membership.value;
  return [...circuits.keys()].sort();
});
/** All circuits, by name. */
export const sorted: ReadonlySignal<readonly CircuitOfFleet[]> = computed(() => {
  frame.value;
  return names.value.flatMap((name) => circuits.get(name) ?? []);
});
export const counts: ReadonlySignal<Counts> = computed(() => countsOf(sorted.value));
export const rows: ReadonlySignal<readonly Row[]> = computed(() =>
  rowsOf(sorted.value, { query: query.value, filter: filter.value, grouping: grouping.value }),
);

const THEME = "failfast-theme";
const KNOWN: readonly string[] = ["auto", "light", "dark"] satisfies Theme[];
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

export const theme: Signal<Theme> = signal(remembered());
export const dark: ReadonlySignal<boolean> = computed(() =>
  theme.value === "auto" ? systemIsDark.value : theme.value === "dark",
);

/** Applies the theme to the page, and stores it for the next visit. */
export function keepTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = dark.value ? "dark" : "light";
    try {
      localStorage.setItem(THEME, theme.value);
    } catch {
      // A browser that stores nothing.
    }
  });
}

function remembered(): Theme {
  try {
    const kept = localStorage.getItem(THEME) ?? "auto";
    return KNOWN.includes(kept) ? (kept as Theme) : "auto";
  } catch {
    return "auto";
  }
}

const narrow = matchMedia("(max-width: 860px)");
const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", ({ matches }) => {
  isNarrow.value = matches;
});

/** In CSS pixels, as in the style sheet. */
const heightOf = (row: Row): number => (row.kind === "group" ? 44 : isNarrow.value ? 116 : 60);

/** Where each row begins, in CSS pixels from the first, and where the last one ends. */
export const tops: ReadonlySignal<Float64Array> = computed(() => {
  const found = new Float64Array(rows.value.length + 1);
  for (const [at, row] of rows.value.entries()) found[at + 1] = (found[at] ?? 0) + heightOf(row);
  return found;
});

/** The circuits in the list, and their positions. */
export const places: ReadonlySignal<ReadonlyMap<string, number>> = computed(
  () => new Map(rows.value.flatMap((row, at) => (row.kind === "circuit" ? [[row.circuit.name, at]] : []))),
);
