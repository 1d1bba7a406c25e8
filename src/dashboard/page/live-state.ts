import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CircuitOfFleet, FleetView, ProcessOfFleet } from "../../fleet/view.js";
import type { AuditEntry } from "../../report/audit.js";
import { History } from "../history.js";
import type { Change, Hello, Snapshot } from "../messages.js";
import { nameOfStatus, statusOf } from "./status.js";

/** More transitions than this at once are announced as a number. */
const TOLD_SINGLY = 3;

/** What the server has sent about the fleet. The maps change in place, and `frame` signals a change. */
export const circuits: Map<string, CircuitOfFleet> = new Map();
export const processes: Map<string, ProcessOfFleet> = new Map();
export const history: History = new History();
export const frame: Signal<number> = signal(0);
/** Grows when circuits appear or disappear. */
export const membership: Signal<number> = signal(0);
/** Grows when an operator did something, as far as records show it. */
export const verdicts: Signal<number> = signal(0);
export const store: Signal<FleetView["store"] | undefined> = signal(undefined);
/** Whether the store has a place for reports. */
export const reports: Signal<boolean> = signal(true);
export const hello: Signal<Hello | undefined> = signal(undefined);
/** The text for a screen reader. */
export const announcement: Signal<string> = signal("");
export const audit: Signal<readonly AuditEntry[] | undefined> = signal(undefined);

/** The fleet's time minus this machine's, in ms. */
let ahead = 0;
/** The fleet's time, once a second. */
export const now: Signal<number> = signal(Date.now());
export const begun: ReadonlySignal<boolean> = computed(() => store.value !== undefined);

export function tick(): void {
  now.value = Date.now() + ahead;
}

export function takeSnapshot(snapshot: Snapshot): void {
  batch(() => {
    circuits.clear();
    processes.clear();
    history.restore(snapshot.history);
    for (const circuit of snapshot.circuits) circuits.set(circuit.name, circuit);
    for (const process of snapshot.processes) processes.set(process.id, process);
    reports.value = snapshot.reports;
    arrived(snapshot.at, snapshot.store, snapshot.circuits);
    membership.value++;
    verdicts.value++;
  });
}

export function takeChange(change: Change): void {
  batch(() => {
    const told: string[] = [];
    let [members, judged] = [change.goneCircuits.length > 0, false];
    for (const circuit of change.circuits) {
      const before = circuits.get(circuit.name);
      circuits.set(circuit.name, circuit);
      members ||= before === undefined;
      const status = statusOf(circuit);
      if (before === undefined ? status === "closed" : statusOf(before) === status) continue;
      judged = true;
      told.push(`${shortened(circuit.name)} is ${nameOfStatus[status].toLowerCase()}`);
    }
    for (const name of change.goneCircuits) {
      circuits.delete(name);
      history.forget(name);
    }
    for (const process of change.processes) processes.set(process.id, process);
    for (const id of change.goneProcesses) processes.delete(id);
    arrived(change.at, change.store, change.circuits);
    if (members) membership.value++;
    if (judged) verdicts.value++;
    if (told.length > 0)
      announcement.value =
        told.length > TOLD_SINGLY ? `${told.length} circuits changed` : `${told.join(". ")}.`;
  });
}

/** All that is known of the fleet, as the server would send it to another tab; nothing before anything has arrived. */
export function everything(): readonly { readonly type: string; readonly data: Snapshot }[] {
  if (store.value === undefined) return [];
  const snapshot: Snapshot = {
    at: Date.now() + ahead,
    store: store.value,
    reports: reports.value,
    circuits: [...circuits.values()],
    processes: [...processes.values()],
    history: history.save(),
  };
  return [{ type: "snapshot", data: snapshot }];
}

function arrived(at: number, said: FleetView["store"], changed: readonly CircuitOfFleet[]): void {
  ahead = at - Date.now();
  history.add(at, changed);
  store.value = said;
  frame.value++;
  tick();
}

const shortened = (name: string): string => (name.length > 80 ? `${name.slice(0, 80)}…` : name);
