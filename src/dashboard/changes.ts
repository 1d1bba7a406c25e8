import type { CircuitOfFleet, FleetView, ProcessOfFleet } from "../fleet/view.js";
import type { Snapshot } from "./messages.js";

interface Seen<T> {
  readonly item: T;
  readonly text: string;
}

/** What was sent last, as text, so that each circuit and process is serialised once for all viewers. */
export class Changes {
  readonly #circuits = new Map<string, Seen<CircuitOfFleet>>();
  readonly #processes = new Map<string, Seen<ProcessOfFleet>>();

  /** The differences from the view before, as a `Change` in JSON. */
  since(view: FleetView): string {
    const circuits = differing(this.#circuits, view.circuits, ({ name }) => name);
    const processes = differing(this.#processes, view.processes, ({ id }) => id);
    return `{"at":${view.at},"reports":${view.reports},"store":${storeText(view.store)},"circuits":[${circuits.texts}],"goneCircuits":${JSON.stringify(circuits.gone)},"processes":[${processes.texts}],"goneProcesses":${JSON.stringify(processes.gone)}}`;
  }

  /** Everything that was sent, as a `Snapshot` in JSON. */
  all({ at, reports, store }: FleetView, history: Snapshot["history"]): string {
    const texts = (seen: Map<string, Seen<unknown>>): string =>
      [...seen.values()].map(({ text }) => text).join();
    return `{"at":${at},"reports":${reports},"store":${storeText(store)},"circuits":[${texts(this.#circuits)}],"processes":[${texts(this.#processes)}],"history":${JSON.stringify(history)}}`;
  }
}

/** A client's error may contain an address, and that a password. */
function storeText({ error, ...rest }: FleetView["store"]): string {
  const shown = error?.replace(/\/\/[^\s/]*@/g, "//\u2026@");
  return JSON.stringify(shown === undefined ? rest : { ...rest, error: shown });
}

function differing<T>(
  seen: Map<string, Seen<T>>,
  items: readonly T[],
  keyOf: (item: T) => string,
): { texts: string; gone: string[] } {
  const texts: string[] = [];
  const here = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    here.add(key);
    const before = seen.get(key);
    if (before?.item === item) continue;
    const text = JSON.stringify(item);
    if (before?.text !== text) texts.push(text);
    seen.set(key, { item, text });
  }
  const gone = seen.size === here.size ? [] : [...seen.keys()].filter((key) => !here.has(key));
  for (const key of gone) seen.delete(key);
  return { texts: texts.join(), gone };
}
