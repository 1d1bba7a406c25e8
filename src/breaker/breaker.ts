import { generationOf, inForce, type Overlay, proposal, stands } from "../machine/overlay.js";
import {
  type CircuitRecord,
  type CircuitState,
  LEASE_LONGEST_MS,
  LEASE_MS,
  type OverrideRecord,
} from "../machine/record.js";
import { type Standing, standing } from "../machine/standing.js";
import { leased, type Stamp } from "../machine/transition.js";
import type { Entry, Subscriber } from "../replica/entry.js";
import { write } from "../replica/writer.js";
import type { CircuitSettings } from "../surface/options.js";
import { announceHold, announceRelease, announceState } from "./announce.js";
import type { Fleet } from "./fleet.js";
import { FIRST_TERM, SHUT, Term } from "./term.js";

/** How long an async caller waits for the lease it asked for. */
const LEASE_WAIT_MS = 50;
/** Where no swap decides, the processes of a fleet try at different moments of this share of the open time. */
const ATTEMPT_JITTER = 0.1;
/** Rejections look at most this often whether the process was suspended, in ms. */
const DRIFT_CHECK_MS = 250;

/** The trial call of this process: it keeps others out until it ends, or until its lease does. */
interface Probe {
  readonly term: Term;
  readonly until: number;
}

export type Hold = "open" | "closed";

/**
 * One circuit in this process: admits calls and takes their results, by what the replica knows of the
 * fleet and by what this process decided alone. It never waits for the store, and what it decides is
 * proposed to the fleet in the background.
 */
export class Breaker implements Subscriber {
  readonly name: string;
  /** The name as the store's keys have it. */
  readonly key: string;
  readonly settings: CircuitSettings;
  readonly fleet: Fleet;
  /** What calls are admitted under now; its identity is the fence for their results. */
  term: Term = FIRST_TERM;
  /** The failure that opened it, where it happened here. */
  cause: unknown;
  #overlay: Overlay | null = null;
  #probe: Probe | undefined;
  #held: Hold | undefined;
  /** The generation that the present term belongs to. */
  #generation = 0;
  #phase: CircuitState = "closed";
  /** Until then calls are rejected with no further look, on the local monotonic clock. */
  #shutUntil = 0;
  #asking = false;
  #notBefore = 0;
  #drawnFor = -1;
  #driftChecked = 0;
  #refusedAt = 0;
  #cancelHoldEnd: (() => void) | undefined;

  constructor(name: string, key: string, settings: CircuitSettings, fleet: Fleet) {
    this.name = name;
    this.key = key;
    this.settings = settings;
    this.fleet = fleet;
  }

  /** The longest that this process would keep it open by itself. */
  get longest(): number {
    return this.settings.open;
  }

  get pending(): boolean {
    return this.#overlay !== null && !(this.#overlay.state === "closed" && this.#overlay.silent);
  }

  get overlay(): Overlay | null {
    return this.#overlay;
  }

  /** The fleet's record of it, made when there is something to keep. */
  get entry(): Entry<CircuitRecord> {
    return this.fleet.replica.circuit(this.key);
  }

  /** An operator's hold of it, made likewise. */
  get holdEntry(): Entry<OverrideRecord> {
    return this.fleet.replica.hold(this.key);
  }

  get held(): Hold | undefined {
    return this.#held;
  }

  get state(): CircuitState {
    if (this.#held !== undefined) return this.#held;
    const { state } = this.standing();
    return state === "due" ? "half-open" : state;
  }

  /** When it may be called again, in ms from now; 0 when it may be. A hold without an end: the circuit's own time. */
  get retryAfterMs(): number {
    if (this.#held === "closed") return 0;
    if (this.#held === "open") {
      const left = this.#holdDeadline() - this.fleet.clock.now();
      return left === Infinity ? this.settings.open : Math.max(left, 0);
    }
    const { state, until } = this.standing();
    return state === "closed" || state === "due" ? 0 : Math.max(until - this.fleet.clock.now(), 0);
  }

  /** How it stood when it last refused a call: a flood of refusals looks at the clock once for each. */
  get refusedState(): CircuitState {
    return this.#refusedAt < this.#shutUntil ? "open" : this.state;
  }

  /** For how long, from then on, in ms. */
  get refusedForMs(): number {
    const left = this.#shutUntil - this.#refusedAt;
    if (left <= 0) return this.retryAfterMs;
    return left === Infinity ? this.settings.open : left;
  }

  standing(): Standing {
    const sighting = this.#sighting();
    const now = this.fleet.clock.now();
    const { state, until } = standing(sighting, this.#overlay, now);
    if (state === "due" && this.settings.recovery === "all") return { state: "closed", until: 0 };
    if (state === "due" && this.#probe && now < this.#probe.until) {
      return { state: "half-open", until: this.#probe.until };
    }
    return { state, until };
  }

  /**
   * What a call is admitted under, or `undefined`: it is rejected. A caller that can wait gets a promise
   * where it is the one that asks the fleet for the probe's lease.
   */
  enter(canWait: boolean): Term | undefined | Promise<Term | undefined> {
    if (this.term.passes) return this.term;
    const now = this.fleet.clock.now();
    if (now - this.#driftChecked > DRIFT_CHECK_MS) {
      this.#driftChecked = now;
      this.fleet.replica.synchroniser.checkDrift();
    }
    this.#refusedAt = now;
    if (now < this.#shutUntil) return undefined;
    if (this.#held === "open") {
      this.#settle(false);
      return this.term.passes ? this.term : undefined;
    }
    const { state, until } = standing(this.#sighting(), this.#overlay, now);
    switch (state) {
      case "closed":
        this.#settle(false);
        return this.term;
      case "open":
        this.#shutUntil = until;
        return undefined;
      case "half-open":
        return this.#isOurs() && this.#probe === undefined ? this.#beginProbe(until) : undefined;
      case "due":
        return this.#recover(canWait, now);
    }
  }

  /** A call failed. It counts only under the term it was admitted under. */
  failed(term: Term, error: unknown, reason: string): void {
    if (term.era !== this.term.era) return;
    if (term.kind === "closed") this.#open(error, reason, 0);
    if (term.kind !== "probe") return;
    this.#probe = undefined;
    this.#open(error, reason, (this.#sighting()?.record.reopens ?? 0) + 1);
  }

  /** The probe succeeded; other successes change nothing, and are not reported here. */
  succeeded(term: Term): void {
    if (term.era !== this.term.era || term.kind !== "probe") return;
    const before =
      this.#overlay?.state === "half-open" ? this.#overlay.passed : (this.#sighting()?.record.passed ?? 0);
    this.#probe = undefined;
    const passed = before + 1;
    if (passed < this.settings.probes) this.#decide({ state: "half-open", base: this.#base(), passed });
    else this.#decide({ state: "closed", base: this.#base(), reason: "probe succeeded", silent: false });
  }

  /** The probe ended as neither failure nor success: its lease is given back. */
  abandoned(term: Term): void {
    if (term.era !== this.term.era || term.kind !== "probe") return;
    const passed =
      this.#overlay?.state === "half-open" ? this.#overlay.passed : (this.#sighting()?.record.passed ?? 0);
    this.#probe = undefined;
    this.#decide({ state: "half-open", base: this.#base(), passed });
  }

  /** An operator opens it: obeyed here at once, whatever the store says. */
  openNow(duration: number, reason: string): void {
    this.#probe = undefined;
    this.#overlay = this.#opening(duration, reason, true, 0);
    this.#settle(true);
  }

  /** The store has what an operator wrote: whatever was decided here before is over. */
  overruled(): void {
    this.#overlay = null;
    this.#probe = undefined;
    this.cause = undefined;
    this.#settle(true);
  }

  /** Somebody began or ceased to listen: calls get a new term, and with it handlers made anew, and no result is void. */
  renewTerm(): void {
    if (this.term.passes) this.term = new Term(this.term.kind, this.term);
  }

  changed(): void {
    const sighting = this.#sighting();
    const generation = generationOf(sighting);
    const moved = generation !== this.#generation;
    if (moved) {
      if (this.#overlay !== null && !stands(this.#overlay, sighting, this.fleet.clock.now()))
        this.#overlay = null;
      // A lease granted too late for its asker is for the probe that this process began meanwhile.
      if (this.#probing && this.#isOurs() && this.#overlay === null) {
        this.#settle(false);
        return;
      }
      this.#probe = undefined;
    }
    this.#settle(moved);
  }

  /** Proposes what is pending; called whenever the store can be asked. */
  flush(): void {
    if (!this.pending || this.fleet.replica.synchroniser.down) return;
    let written: Overlay | null = null;
    write(
      this.fleet.replica,
      this.entry,
      (stamp) => {
        written = this.#overlay;
        return written && proposal(written, this.#sighting(), this.fleet.clock.now(), stamp);
      },
      (outcome) => {
        if (outcome === "granted") {
          this.#granted(written);
          // A call outlived its breaker: the one that came after it learns of it as of another's doing.
          if (this.entry.subscriber !== this) this.entry.subscriber?.changed();
        }
        if (outcome === "failed") this.#setApart();
        else if (outcome === "moot" && this.#overlay === written && written !== null) {
          this.#overlay = null;
          this.#settle(false);
        }
      },
    );
  }

  /** Leaves the fleet's replica: it was the least useful of too many. */
  retire(): void {
    this.#cancelHoldEnd?.();
    this.fleet.replica.unsubscribe(this.key);
  }

  #sighting(): Entry<CircuitRecord>["sighting"] {
    return this.fleet.replica.circuits.get(this.key)?.sighting ?? null;
  }

  #base(): number {
    return generationOf(this.#sighting());
  }

  #isOurs(): boolean {
    return this.#sighting()?.record.owner === this.fleet.owner;
  }

  get #probing(): boolean {
    return this.#probe !== undefined && this.fleet.clock.now() < this.#probe.until;
  }

  #opening(duration: number, reason: string, manual: boolean, reopens: number): Overlay {
    const { clock, replica } = this.fleet;
    return {
      state: "open",
      base: this.#base(),
      until: clock.now() + duration,
      duration,
      reason,
      manual,
      reopens,
      apart: replica.synchroniser.down,
    };
  }

  #open(error: unknown, reason: string, reopens: number): void {
    this.cause = error;
    this.#decide(this.#opening(this.settings.open, reason, false, reopens));
  }

  #decide(overlay: Overlay): void {
    this.#overlay = overlay;
    this.#settle(true);
    this.flush();
  }

  /** The store took what we proposed: the same decision, now the fleet's, so that nobody's result is voided. */
  #granted(written: Overlay | null): void {
    const generation = this.#base();
    if (this.#overlay === written) this.#overlay = null;
    else if (this.#overlay !== null) this.#overlay = { ...this.#overlay, base: generation };
    this.#generation = generation;
    this.#settle(false);
  }

  #setApart(): void {
    if (this.#overlay?.state === "open") this.#overlay = { ...this.#overlay, apart: true };
  }

  /** The open time is over, or a lease is: this call may become the probe. */
  #recover(canWait: boolean, now: number): Term | undefined | Promise<Term | undefined> {
    const { replica, clock } = this.fleet;
    if (this.settings.recovery === "all") {
      this.#overlay = { state: "closed", base: this.#base(), reason: "", silent: true };
      this.#settle(true);
      return this.term;
    }
    if (this.#probe !== undefined && now < this.#probe.until) return undefined;
    if (replica.synchroniser.down || (this.entry.strikes > 0 && !this.#asking)) {
      return this.#beginProbe(now + this.#leaseMs(this.#sighting()?.record ?? null));
    }
    if (this.#asking || now < this.#earliest()) return undefined;
    this.#asking = true;
    let answered = false;
    let resolve: ((term: Term | undefined) => void) | undefined;
    write(
      replica,
      this.entry,
      (stamp) => this.#lease(stamp),
      (outcome) => {
        answered = true;
        this.#asking = false;
        if (outcome === "granted") this.#leaseGranted();
        resolve?.(this.#claim());
      },
    );
    if (answered) return this.#claim();
    if (!canWait) return undefined;
    return new Promise((done) => {
      const cancel = clock.after(LEASE_WAIT_MS, () => {
        resolve = undefined;
        done(undefined);
      });
      resolve = (term) => {
        cancel();
        done(term);
      };
    });
  }

  /** The right to probe, if the fleet gave it to this process and no call has it yet. */
  #claim(): Term | undefined {
    const sighting = this.#sighting();
    if (!this.#isOurs() || this.#probe !== undefined || this.#overlay !== null || sighting === null) {
      return this.term.passes ? this.term : undefined;
    }
    return inForce(sighting, this.fleet.clock.now()) ? this.#beginProbe(sighting.deadline) : undefined;
  }

  #leaseGranted(): void {
    this.#overlay = null;
    this.#probe = undefined;
    this.#generation = this.#base();
    this.#settle(true);
  }

  #beginProbe(until: number): Term {
    const term = new Term("probe");
    this.term = term;
    this.#probe = { term, until };
    if (this.#phase !== "half-open") {
      this.#phase = "half-open";
      announceState(this, "half-open", true);
    }
    return term;
  }

  #lease(stamp: Stamp): CircuitRecord | null {
    const sighting = this.#sighting();
    if (standing(sighting, this.#overlay, this.fleet.clock.now()).state !== "due") return null;
    const record = sighting?.record ?? null;
    const own = this.#overlay?.state === "half-open" ? this.#overlay : null;
    const lapsed = this.#lapsed(record) - (own ? 1 : 0);
    return leased(stamp, own && record ? { ...record, passed: own.passed } : record, {
      owner: this.fleet.owner,
      duration: Math.min(LEASE_MS * 2 ** Math.max(lapsed, 0), LEASE_LONGEST_MS),
      lapsed: Math.max(lapsed, 0),
    });
  }

  /** Leases in a row without an outcome, the one that just ran out included. */
  #lapsed(record: CircuitRecord | null): number {
    if (record?.state !== "half-open") return 0;
    return record.lapsed + (record.owner === "" ? 0 : 1);
  }

  #leaseMs(record: CircuitRecord | null): number {
    return Math.min(LEASE_MS * 2 ** this.#lapsed(record), LEASE_LONGEST_MS);
  }

  /** Where the store has no swap, each process draws its moment once for each reopening. */
  #earliest(): number {
    const sighting = this.#sighting();
    if (this.fleet.replica.store.swap !== undefined || sighting === null) return 0;
    if (this.#drawnFor !== sighting.record.revision) {
      this.#drawnFor = sighting.record.revision;
      const jitter = this.fleet.clock.random() * ATTEMPT_JITTER * sighting.record.duration;
      this.#notBefore = sighting.record.until === 0 ? 0 : sighting.deadline + jitter;
    }
    return this.#notBefore;
  }

  #holdDeadline(): number {
    const sighting = this.fleet.replica.holds.get(this.key)?.sighting;
    if (!sighting || sighting.record.state === "released") return 0;
    return sighting.record.until === 0 ? Infinity : sighting.deadline;
  }

  /** Takes in whatever changed: the term that calls get, how long they are rejected unseen, and the news of it. */
  #settle(moved: boolean): void {
    const { clock } = this.fleet;
    const now = clock.now();
    this.#generation = this.#base();
    this.#settleHold(now);
    const { state, until } = standing(this.#sighting(), this.#overlay, now);
    this.#shutUntil = this.#held === "open" ? this.#holdDeadline() : state === "open" ? until : 0;
    const kind =
      this.#held === "closed" ? "held" : this.#held === "open" || state !== "closed" ? "shut" : "closed";
    if (kind !== "shut" && (moved || this.term.kind !== kind)) this.term = new Term(kind);
    // A probe under way keeps its term: what it finds out still counts.
    if (kind === "shut" && (moved || this.term !== this.#probe?.term)) this.term = SHUT;
    const record = this.#sighting()?.record;
    const phase = state === "due" ? (this.#overlay?.state ?? record?.state ?? "open") : state;
    if (phase === this.#phase) return;
    this.#phase = phase;
    announceState(this, phase, this.#overlay !== null || record?.by === this.fleet.replica.identity);
    if (phase === "closed") this.cause = undefined;
  }

  #settleHold(now: number): void {
    const record = this.fleet.replica.holds.get(this.key)?.sighting?.record;
    const deadline = this.#holdDeadline();
    const held =
      record !== undefined && record.state !== "released" && now < deadline ? record.state : undefined;
    if (held === this.#held) return;
    this.#held = held;
    this.#cancelHoldEnd?.();
    this.#cancelHoldEnd = undefined;
    if (held === undefined) {
      announceRelease(this, record);
      return;
    }
    if (deadline !== Infinity)
      this.#cancelHoldEnd = this.fleet.clock.after(deadline - now, () => this.#settle(false));
    if (record) announceHold(this, record, held);
  }
}
