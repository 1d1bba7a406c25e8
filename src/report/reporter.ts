import type { Breaker } from "../breaker/breaker.js";
import { Sampler } from "../breaker/sampler.js";
import type { Store } from "../options/store.js";
import { atMost } from "../runtime/at-most.js";
import { collectReport, type Reported, reportedBreakers } from "./collect.js";
import { placeOfReports } from "./place.js";
import { encodeReport, type ProcessReport, reportKey, reportValidMs } from "./process-report.js";

/** Time between two reports of a process that makes calls, and of one that has made none for a minute. */
const EVERY_MS = 5_000;
const IDLE_EVERY_MS = 30_000;
const IDLE_AFTER_MS = 60_000;
/** How long a report may take, and how long the end of all reports. */
const WRITE_MS = 5_000;
const END_MS = 500;
/** Calls are counted for at most this many circuits. */
const MOST_SAMPLED = 200;

/** Reports the circuits of a process from time to time, under a key of its own. Nothing ever waits for it. */
export class Reporter {
  readonly #reported: Reported;
  readonly #place: Store | undefined;
  readonly #startedAt: number;
  readonly #samplers = new Map<Breaker, Sampler>();
  #counted = -1;
  #activeAt: number;
  #everyMs = EVERY_MS;
  #writing = false;
  #written = false;
  #cancel: () => void = () => undefined;

  /** `place`: where reports are kept. Without it no report is written, and it only counts. */
  constructor(reported: Reported, place?: Store) {
    const { session } = reported;
    this.#reported = reported;
    this.#place = place;
    this.#startedAt = session.replica.storeClock.now();
    this.#activeAt = session.clock.now();
    this.#tick();
  }

  /** What it would report now. */
  report(): ProcessReport {
    return collectReport(this.#reported, this.#startedAt, this.#everyMs, this.#samplers);
  }

  /** The process has ended its reports: its last one is removed, within half a second. */
  async close(): Promise<void> {
    this.#cancel();
    const place = this.#place;
    if (place === undefined || !this.#written) return;
    const { clock, replica } = this.#reported.session;
    const removed = settled(() => place.delete(reportKey(replica.identity)));
    await atMost(clock, END_MS, removed);
  }

  #tick(): void {
    const { clock, replica } = this.#reported.session;
    if (replica.synchroniser.closed) return;
    const report = this.report();
    const counted = report.circuits.reduce((sum, each) => sum + (each.calls ?? 0) + each.rejections, 0);
    if (counted !== this.#counted) this.#activeAt = clock.now();
    this.#counted = counted;
    const everyMs = clock.now() - this.#activeAt < IDLE_AFTER_MS ? EVERY_MS : IDLE_EVERY_MS;
    this.#everyMs = everyMs;
    this.#write({ ...report, everyMs });
    this.#sample();
    this.#cancel = clock.after(everyMs * (0.8 + 0.4 * clock.random()), () => this.#tick());
  }

  #write(report: ProcessReport): void {
    const place = this.#place;
    if (place === undefined || this.#writing || !report.storeUp) return;
    this.#writing = true;
    this.#written = true;
    const written = settled(() =>
      place.set(reportKey(report.id), encodeReport(report), reportValidMs(report.everyMs)),
    );
    void atMost(this.#reported.session.clock, WRITE_MS, written).then(() => {
      this.#writing = false;
    });
  }

  /** Counts the first few calls until the next report, for the existing circuits. */
  #sample(): void {
    const current = new Set<Breaker>();
    for (const breaker of reportedBreakers(this.#reported)) {
      if (current.size === MOST_SAMPLED) break;
      current.add(breaker);
      let sampler = this.#samplers.get(breaker);
      if (sampler === undefined) {
        sampler = new Sampler(this.#reported.session.clock);
        this.#samplers.set(breaker, sampler);
      }
      sampler.arm(breaker);
    }
    for (const breaker of this.#samplers.keys()) if (!current.has(breaker)) this.#samplers.delete(breaker);
  }
}

/** Reports the circuits of a session from now on, if its store has a place for reports that can be listed. */
export function beginReports(reported: Reported): Reporter | undefined {
  const { store, synchroniser } = reported.session.replica;
  const place = placeOfReports(store);
  return place?.list === undefined || synchroniser.closed ? undefined : new Reporter(reported, place);
}

/** Resolves when the store has answered, even with an error: the next report contains everything again. */
async function settled(ask: () => unknown): Promise<void> {
  try {
    await ask();
  } catch {
    // The circuits' own reads show whether the store is there.
  }
}
