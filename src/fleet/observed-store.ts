import { Breaker } from "../breaker/breaker.js";
import type { StoreSession } from "../breaker/store-session.js";
import type { Store } from "../options/store.js";
import { circuitKey, holdKey } from "../protocol/key.js";
import { type AuditEntry, appendAudit, readAudit } from "../report/audit.js";
import type { Reported } from "../report/collect.js";
import { placeOfReports } from "../report/place.js";
import { decodeReport, isReportKey, type ProcessReport, reportValidMs } from "../report/process-report.js";
import { byCircuit, decodeRecord, isNewer, type Records } from "../report/records.js";
import { Reporter } from "../report/reporter.js";
import { VERSION } from "../runtime/version.js";
import { memoryStore } from "../stores/memory.js";
import { mergeCircuits } from "./merge.js";
import { Mirror } from "./mirror.js";
import type { CircuitOfFleet, FleetView } from "./view.js";

/** Time between two reads of the records, in ms; with push they only have to find what push lost. */
const EVERY_MS = 1_000;
const PUSHED_EVERY_MS = 5_000;
/** Reports come every 5 s. */
const REPORTS_EVERY_MS = 2_000;

/** If a circuit's store keeps no trail, this process keeps one here, for as long as it lives. */
const ownTrails = new WeakMap<Store, Store>();

/** Counts the calls of a session that nothing else reports; shared by all its observers. */
const counting = new WeakMap<StoreSession, { readonly reporter: Reporter; observers: number }>();

/** A store under observation: a copy of its records, and a copy of the reports. */
export class ObservedStore {
  readonly store: Store;
  readonly #records: Mirror<Records>;
  readonly #reports: Mirror<ProcessReport> | undefined;
  readonly #place: Store;
  /** This process's session that is counted for this observer. */
  #counted: StoreSession | undefined;
  #closed = false;

  constructor(store: Store, changed: () => void, wanted: () => boolean) {
    this.store = store;
    const place = placeOfReports(store);
    this.#place = place ?? ownTrailOf(store);
    this.#records = new Mirror(store, {
      decode: decodeRecord,
      isNewer,
      everyMs: EVERY_MS,
      pushedEveryMs: PUSHED_EVERY_MS,
      ...{ changed, wanted },
    });
    this.#reports =
      place?.list &&
      new Mirror(place, {
        decode: ({ key, value }) => (isReportKey(key) ? decodeReport(value) : undefined),
        isNewer: (one, other) => one.at > other.at,
        everyMs: REPORTS_EVERY_MS,
        pushedEveryMs: REPORTS_EVERY_MS,
        ...{ changed, wanted },
      });
  }

  async start(): Promise<void> {
    await Promise.all([this.#records.start(), this.#reports?.start()]);
  }

  /** Reads the records of these circuits, if the store can't list them. */
  async read(names: readonly string[]): Promise<void> {
    if (this.store.list !== undefined || names.length === 0) return;
    await this.#records.readKeys(names.flatMap((name) => [circuitKey(name), holdKey(name)]));
  }

  watch(): void {
    this.#records.watch();
  }

  get health(): FleetView["store"] {
    const { up, since, latencyMs, error } = this.#records;
    return { up, since, latencyMs, ...(error === undefined ? {} : { error }) };
  }

  /** Whether processes can report in it. */
  get keepsReports(): boolean {
    return this.#reports !== undefined;
  }

  now(): number {
    return Math.round(this.#records.clock.now());
  }

  /** The processes that report. For this process, what is known now. */
  processes(
    observed: { readonly session: StoreSession; readonly reporter: Reporter | undefined } | undefined,
  ): ProcessReport[] {
    const now = this.now();
    const own = observed && this.#reporterOf(observed.session, observed.reporter)?.report();
    const others = [...(this.#reports?.entries.values() ?? [])].filter(
      ({ id, at, everyMs }) => id !== own?.id && at + reportValidMs(everyMs) > now,
    );
    return own === undefined || own.total === 0 ? others : [...others, own];
  }

  circuits(processes: readonly ProcessReport[]): CircuitOfFleet[] {
    return mergeCircuits(byCircuit(this.#records.entries), processes, this.now());
  }

  /** What operators did, newest first; if the store keeps no trail, only those of this process. */
  trail(limit: number): Promise<readonly AuditEntry[]> {
    return readAudit(this.#place, limit);
  }

  leaveTrail(entry: AuditEntry): Promise<void> {
    return appendAudit(this.#place, entry);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#leave();
    await Promise.all([this.#records.close(), this.#reports?.close()]);
  }

  #reporterOf(session: StoreSession, reporter: Reporter | undefined): Reporter | undefined {
    if (reporter !== undefined || this.#closed) {
      this.#leave();
      return reporter;
    }
    const own = counting.get(session) ?? { reporter: new Reporter(reportedOf(session)), observers: 0 };
    counting.set(session, own);
    if (this.#counted === undefined) own.observers++;
    this.#counted = session;
    return own.reporter;
  }

  #leave(): void {
    const session = this.#counted;
    const own = session && counting.get(session);
    this.#counted = undefined;
    if (session === undefined || own === undefined || --own.observers > 0) return;
    counting.delete(session);
    void own.reporter.close();
  }
}

const reportedOf = (session: StoreSession): Reported => ({
  session,
  version: VERSION,
  *breakers() {
    for (const each of session.replica.subscribers.values()) if (each instanceof Breaker) yield each;
  },
});

function ownTrailOf(store: Store): Store {
  const known = ownTrails.get(store) ?? memoryStore();
  ownTrails.set(store, known);
  return known;
}
