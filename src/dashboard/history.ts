import type { CircuitOfFleet } from "../fleet/view.js";

export const STEP_MS = 5_000;
/** Five minutes. */
export const STEPS = 60;
const COUNTS = ["calls", "failures", "rejections"] as const;
/** At most this many are sent. Circuits with traffic come first, because they are requested first. */
const MOST_SAVED = 500;

type Count = (typeof COUNTS)[number];

/** Counts for each step, the oldest first; the last is the current step. `p99` in ms, 0 if unknown. */
export interface Series extends Readonly<Record<Count, readonly number[]>> {
  readonly p99: readonly number[];
}

/** A history on its way from the server to a page. */
export interface SavedHistory {
  readonly step: number;
  readonly circuits: readonly (readonly [name: string, series: Series])[];
}

interface Track {
  /** The fleet's counts when it was last read. */
  seen: Readonly<Record<Count, number | undefined>>;
  /** The step of the newest slot. */
  step: number;
  readonly slots: Record<Count | "p99", number[]>;
}

const none = (): number[] => new Array<number>(STEPS).fill(0);

/** What circuits did in the last five minutes, from totals that only grow. The server and the page each keep one. */
export class History {
  readonly #tracks = new Map<string, Track>();
  #step = 0;

  /** Records the circuits' counts at that time. */
  add(at: number, circuits: readonly CircuitOfFleet[]): void {
    this.#step = Math.max(this.#step, Math.floor(at / STEP_MS));
    for (const circuit of circuits) this.#note(circuit);
  }

  forget(name: string): void {
    this.#tracks.delete(name);
  }

  /** `undefined` for a circuit that was not called in that time. */
  of(name: string): Series | undefined {
    const track = this.#tracks.get(name);
    if (track === undefined) return undefined;
    advance(track, this.#step);
    return track.slots.calls.some(Boolean) || track.slots.rejections.some(Boolean) ? track.slots : undefined;
  }

  /** All circuits together. */
  sum(names: Iterable<string> = this.#tracks.keys()): Series {
    const sum = { calls: none(), failures: none(), rejections: none(), p99: none() };
    for (const name of names) {
      const series = this.of(name);
      if (series === undefined) continue;
      for (const count of COUNTS)
        for (let at = 0; at < STEPS; at++) sum[count][at] = (sum[count][at] ?? 0) + (series[count][at] ?? 0);
    }
    return sum;
  }

  save(): SavedHistory {
    const circuits: [string, Series][] = [];
    for (const name of this.#tracks.keys()) {
      const series = this.of(name);
      if (series !== undefined && circuits.push([name, series]) === MOST_SAVED) break;
    }
    return { step: this.#step, circuits };
  }

  /** Starts again, from a saved history. */
  restore({ step, circuits }: SavedHistory): void {
    this.#tracks.clear();
    this.#step = step;
    for (const [name, { calls, failures, rejections, p99 }] of circuits) {
      const slots = {
        calls: [...calls],
        failures: [...failures],
        rejections: [...rejections],
        p99: [...p99],
      };
      this.#tracks.set(name, {
        seen: { calls: undefined, failures: undefined, rejections: undefined },
        step,
        slots,
      });
    }
  }

  #note({ name, totals, latencyMs }: CircuitOfFleet): void {
    let track = this.#tracks.get(name);
    if (track === undefined) {
      const slots = { calls: none(), failures: none(), rejections: none(), p99: none() };
      track = { seen: totals, step: this.#step, slots };
      this.#tracks.set(name, track);
      return;
    }
    advance(track, this.#step);
    const last = STEPS - 1;
    for (const count of COUNTS) {
      // When a process ends, its counts disappear. What a restored history had seen of it is not known.
      const grown = Math.max(0, (totals[count] ?? NaN) - (track.seen[count] ?? NaN)) || 0;
      track.slots[count][last] = (track.slots[count][last] ?? 0) + grown;
    }
    track.slots.p99[last] = latencyMs?.p99 ?? 0;
    track.seen = totals;
  }
}

function advance(track: Track, step: number): void {
  const missed = Math.min(step - track.step, STEPS);
  if (missed <= 0) return;
  for (const slots of Object.values(track.slots)) {
    slots.splice(0, missed);
    for (let each = 0; each < missed; each++) slots.push(0);
  }
  track.step = step;
}
