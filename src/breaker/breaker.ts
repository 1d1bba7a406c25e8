import type { Ballot } from "../machine/ballot.js";
import { hasVoted } from "../machine/ballot.js";
import {
  type CircuitSighting,
  generationOf,
  inForce,
  type Overlay,
  proposal,
  type Reach,
  stands,
  unclosed,
} from "../machine/overlay.js";
import type { CircuitRecord, CircuitState, OverrideRecord } from "../machine/record.js";
import { type Standing, standing } from "../machine/standing.js";
import type { Entry, Subscriber } from "../replica/entry.js";
import { write } from "../replica/writer.js";
import { longestOpenTime, openTime } from "../trip/open-time.js";
import { admittedShare } from "../trip/ramp.js";
import type { CircuitSettings } from "../trip/settings.js";
import { Throttle } from "../trip/throttle.js";
import { countsSuccesses, TripRule, tripsAtOnce } from "../trip/trip-rule.js";
import { announceState } from "./announce.js";
import type { Failure } from "./failure.js";
import type { Fleet } from "./fleet.js";
import { type Hold, OperatorHold } from "./operator-hold.js";
import { Recovery } from "./recovery.js";
import { FIRST_TERM, RampTerm, SHUT, Term } from "./term.js";

/** A quorum's votes go out after a while of up to so many ms, and not at all when the circuit is open by then. */
const VOTE_JITTER_MS = 200;

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
  term: Term;
  /** What this process decided and the store has not granted. */
  overlay: Overlay | null = null;
  /** How many go by it: a handle, a name of a function's; the last that lets it go takes it out of the replica. */
  users = 0;
  /** What its calls showed, where that is counted: by a throttle in that mode, else by a rule; made with the first. */
  #traffic: TripRule | Throttle | undefined;
  #recovery: Recovery | undefined;
  #hold: OperatorHold | undefined;
  /** The generation that the present term belongs to. */
  #generation = 0;
  /** Until then calls are rejected with no further look, on the local monotonic clock. */
  #shutUntil = 0;

  constructor(name: string, key: string, settings: CircuitSettings, fleet: Fleet) {
    this.name = name;
    this.key = key;
    this.settings = settings;
    this.fleet = fleet;
    this.term = settings.mode === "throttle" ? new Term("closed", false) : FIRST_TERM;
  }

  /** The longest that this process would keep it open by itself. */
  get longest(): number {
    return longestOpenTime(this.settings);
  }

  get pending(): boolean {
    const { overlay } = this;
    if (overlay === null) return false;
    // Kept to this process, but for what an operator said.
    if (this.settings.scope === "process" && !(overlay.state === "open" && overlay.manual)) return false;
    if (overlay.state === "closed") return !overlay.silent;
    if (overlay.state === "half-open") return unclosed(this.sighting());
    if (this.fleet.clock.now() >= overlay.until) return false;
    if (overlay.reach === "fleet" || this.leaseIsOurs) return true;
    return overlay.reach === "vote" && !hasVoted(this.#record?.votes ?? [], this.fleet.host);
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
    return this.#hold?.held;
  }

  /** The failure that opened it, where it happened here. */
  get cause(): unknown {
    return this.#recovery?.cause;
  }

  get state(): CircuitState {
    if (this.held !== undefined) return this.held;
    const { state } = this.standing();
    return state === "due" ? "half-open" : state;
  }

  /** When it may be called again, in ms from now; 0 when it may be. A hold without an end: the circuit's own time. */
  get retryAfterMs(): number {
    if (this.held === "closed") return 0;
    if (this.#hold?.held === "open") {
      const left = this.#hold.deadline - this.fleet.clock.now();
      return left === Infinity ? this.settings.open : Math.max(left, 0);
    }
    const { state, until } = this.standing();
    return state === "closed" || state === "due" ? 0 : Math.max(until - this.fleet.clock.now(), 0);
  }

  /** How it stood when it last refused a call: a flood of refusals looks at the clock once for each. */
  get refusedState(): CircuitState {
    return this.fleet.lookedAt < this.#shutUntil ? "open" : this.state;
  }

  /** For how long, from then on, in ms. */
  get refusedForMs(): number {
    const left = this.#shutUntil - this.fleet.lookedAt;
    if (left <= 0) return this.retryAfterMs;
    return left === Infinity ? this.settings.open : left;
  }

  /** What its calls showed, where that is counted and there were any. */
  get traffic(): TripRule | Throttle | undefined {
    return this.#traffic;
  }

  /** How often calls of this process tripped it. */
  get trips(): number {
    return this.#recovery?.trips ?? 0;
  }

  /** How often a probe of this process found the backend well at the first try. */
  get needless(): number {
    return this.#recovery?.needless ?? 0;
  }

  /** It is open by this process's own word, of which the fleet knows nothing that it could give a lease for. */
  get openHereAlone(): boolean {
    if (this.settings.scope === "process") return true;
    const { overlay } = this;
    return overlay !== null && overlay.state !== "closed" && !unclosed(this.sighting());
  }

  get leaseIsOurs(): boolean {
    return this.#record?.owner === this.fleet.owner;
  }

  /** The fleet's record as far as this process takes the fleet's word: an operator's always, for one. */
  sighting(): CircuitSighting | null {
    const sighting = this.fleet.replica.circuits.get(this.key)?.sighting ?? null;
    if (sighting === null || sighting.record.state === "closed" || sighting.record.manual) return sighting;
    return this.settings.scope === "process" || this.#recovery?.doubted ? null : sighting;
  }

  standing(): Standing {
    const now = this.fleet.clock.now();
    const { state, until } = standing(this.sighting(), this.overlay, now);
    if (state !== "due") return { state, until };
    if (this.settings.recovery === "all") return { state: "closed", until: 0 };
    const probe = this.#recovery?.probe;
    return probe && now < probe.until ? { state: "half-open", until: probe.until } : { state, until };
  }

  /**
   * What a call is admitted under, or `undefined`: it is rejected. A caller that can wait gets a promise
   * where it is the one that asks the fleet for the probe's lease; `callTimeout` is how long its call takes at most.
   */
  enter(canWait: boolean, callTimeout: number): Term | undefined | Promise<Term | undefined> {
    if (this.term.passes) return this.term;
    const { fleet } = this;
    if (fleet.refuses(this.#shutUntil)) return undefined;
    const now = fleet.lookedAt;
    if (this.held === "open") {
      this.#settle(false);
      return this.term.passes ? this.term : undefined;
    }
    const { state, until } = standing(this.sighting(), this.overlay, now);
    switch (state) {
      case "closed":
        if (this.term.kind !== "closed") this.#settle(false);
        return this.#admitShare(now);
      case "open":
        this.#shutUntil = until;
        return undefined;
      case "half-open":
        return this.leaseIsOurs && this.#recovering.probe === undefined
          ? this.#recovering.begin(until)
          : undefined;
      case "due":
        if (this.settings.recovery === "probe") return this.#recovering.next(canWait, now, callTimeout);
        this.overlay = { state: "closed", base: this.#base(), reason: "", silent: true };
        this.#settle(true);
        return this.term;
    }
  }

  /** A call failed. It counts only under the term it was admitted under. */
  failed(term: Term, failure: Failure): void {
    if (term.era !== this.term.era) return;
    if (failure.origin === "stall") {
      this.abandoned(term);
    } else if (term.kind === "probe") {
      const own = this.overlay?.state === "open" ? this.overlay.reopens : 0;
      const reopens = Math.max(this.#record?.reopens ?? 0, own) + 1;
      this.#recovering.probe = undefined;
      this.#open(failure, this.#reason(failure), reopens);
    } else if (term.kind === "closed" && this.settings.mode !== "throttle") {
      if (this.#recovery?.doubted) this.#confirm(failure);
      else if (tripsAtOnce(this.settings)) this.#open(failure, this.#reason(failure), 0);
      else this.#count(true, failure.slow, failure);
    }
  }

  /** A call succeeded; where successes are neither counted nor probes, this needs not be called. */
  succeeded(term: Term, slow: boolean): void {
    if (term.era !== this.term.era) return;
    if (term.kind === "closed") {
      if (this.settings.mode === "throttle") this.#throttle.accepted(this.fleet.clock.now());
      else if (countsSuccesses(this.settings)) this.#count(false, slow, undefined);
      return;
    }
    if (term.kind !== "probe") return;
    const passed = this.#passed() + 1;
    const reopens = this.overlay?.state === "open" ? this.overlay.reopens : this.#record?.reopens;
    if (passed === 1 && reopens === 0) this.#recovering.needless++;
    this.#recovering.probe = undefined;
    if (passed < this.settings.probes) this.#decide({ state: "half-open", base: this.#base(), passed });
    else this.#decide({ state: "closed", base: this.#base(), reason: "probe succeeded", silent: false });
  }

  /**
   * The probe ended as neither failure nor success: its lease is given back. `pauseMs`: the next one would end so
   * too for as long, which is no reason to stay open longer than by its own time.
   */
  abandoned(term: Term, pauseMs = 0): void {
    if (term.era !== this.term.era || term.kind !== "probe") return;
    const passed = this.#passed();
    this.#recovering.pausedUntil = this.fleet.clock.now() + Math.min(pauseMs, this.settings.open);
    this.#recovering.probe = undefined;
    this.#decide({ state: "half-open", base: this.#base(), passed });
  }

  /** An operator opens it: obeyed here at once, whatever the store says. */
  openNow(duration: number, reason: string): void {
    this.#forgetProbe();
    this.overlay = this.#opening(duration, reason, true, 0, "fleet");
    this.#settle(true);
  }

  /** The store has what an operator wrote: whatever was decided here before is over. */
  overruled(): void {
    this.#weigh();
    this.overlay = null;
    this.#forgetProbe();
    this.#causedBy(undefined);
    this.#settle(true);
  }

  /** Somebody began or ceased to listen: calls get a new term, and with it handlers made anew, and no result is void. */
  renewTerm(): void {
    if (this.term.passes) this.term = new Term(this.term.kind, true, this.term);
  }

  changed(): void {
    this.#weigh();
    const sighting = this.sighting();
    const moved = generationOf(sighting) !== this.#generation;
    if (moved) {
      if (this.overlay !== null && !stands(this.overlay, sighting, this.fleet.clock.now()))
        this.overlay = null;
      // A lease granted too late for its asker is for the probe that this process began meanwhile.
      if (this.#recovery?.probing && this.leaseIsOurs && this.overlay === null) {
        this.#settle(false);
        return;
      }
      this.#forgetProbe();
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
        written = this.overlay;
        if (written === null) return null;
        return proposal(written, this.sighting(), this.fleet.clock.now(), stamp, this.#ballot);
      },
      (outcome) => {
        if (outcome === "granted") {
          this.#granted(written);
          // A call outlived its breaker: the one that came after it learns of it as of another's doing.
          if (this.entry.subscriber !== this) this.entry.subscriber?.changed();
        } else if (outcome === "failed") {
          if (this.overlay?.state === "open") this.overlay = { ...this.overlay, apart: true };
        } else if (outcome === "moot" && this.overlay === written && written !== null) {
          this.#dropped(written);
        }
      },
    );
  }

  /** The lease that was asked for is this process's. */
  leaseGranted(): void {
    this.overlay = null;
    this.#forgetProbe();
    this.#generation = this.#base();
    this.#settle(true);
  }

  /** A call becomes the probe. */
  probeBegan(): Term {
    this.term = new Term("probe", false);
    if (this.#recovering.phase !== "half-open") {
      this.#recovering.phase = "half-open";
      announceState(this, "half-open", true);
    }
    return this.term;
  }

  /** Leaves the fleet's replica, unless somebody else goes by it: it was the least useful of too many. */
  retire(): void {
    if (--this.users > 0) return;
    this.#hold?.end();
    this.fleet.replica.unsubscribe(this.key);
  }

  get #record(): CircuitRecord | undefined {
    return this.sighting()?.record;
  }

  get #recovering(): Recovery {
    this.#recovery ??= new Recovery(this);
    return this.#recovery;
  }

  get #throttle(): Throttle {
    this.#traffic ??= new Throttle(this.settings.window);
    return this.#traffic as Throttle;
  }

  get #ballot(): Ballot {
    const { host, owner } = this.fleet;
    return { host, owner, quorum: this.settings.quorum, window: this.settings.window };
  }

  #base(): number {
    return generationOf(this.sighting());
  }

  #passed(): number {
    return this.overlay?.state === "half-open" ? this.overlay.passed : (this.#record?.passed ?? 0);
  }

  #causedBy(error: unknown): void {
    if (error !== undefined || this.#recovery) this.#recovering.cause = error;
  }

  #forgetProbe(): void {
    if (this.#recovery) this.#recovery.probe = undefined;
  }

  /** While it is closed, and not every call passes: by chance. */
  #admitShare(now: number): Term | undefined {
    const { term, settings, fleet } = this;
    if (term.passes) return term;
    if (settings.mode === "throttle")
      return this.#throttle.holdsBack(now, fleet.clock.random()) ? undefined : term;
    const share = term instanceof RampTerm ? admittedShare(now - term.closedAt, settings.rampUp) : 1;
    if (share === 1) {
      this.term = new Term("closed", true, term);
      return this.term;
    }
    return fleet.clock.random() < share ? term : undefined;
  }

  #count(failed: boolean, slow: boolean, failure: Failure | undefined): void {
    this.#traffic ??= new TripRule(this.settings);
    const rule = this.#traffic as TripRule;
    // The coarse clock stands still in a process that never yields: failures, which trip, are dated exactly.
    const now = failed ? this.fleet.clock.now() : this.fleet.coarse();
    if (failure?.origin === "host") rule.suspected = now;
    const why = rule.record(now, failed, slow);
    if (why === undefined) return;
    const reason = why === "failure" && failure ? this.#reason(failure) : why;
    const openFor = failure?.openFor;
    const origin = rule.suspects(now) ? "host" : "backend";
    this.#open({ error: failure?.error, origin, openFor }, reason, 0);
  }

  #reason({ error, reason }: Failure): string {
    return reason(error, this.settings.shareReason);
  }

  /** The fleet says that it is open, and so does a failure here now. */
  #confirm(failure: Failure): void {
    this.#causedBy(failure.error);
    this.#recovering.doubted = false;
    this.#settle(true);
  }

  /** Hears what the fleet says of the circuit, and whether this process has reason to doubt it. */
  #weigh(): void {
    const record = this.fleet.replica.circuits.get(this.key)?.sighting?.record;
    if (record === undefined || record.state === "closed" || record.manual) {
      if (this.#recovery) {
        // An operator's word is taken, and stays so while the circuit recovers from it.
        this.#recovery.heard = record?.manual ?? false;
        this.#recovery.doubted = false;
      } else if (record?.manual) this.#recovering.heard = true;
      return;
    }
    const recovery = this.#recovering;
    if (recovery.heard) return;
    recovery.heard = true;
    const { scope } = this.settings;
    const evidence = this.#traffic instanceof TripRule && this.#traffic.vetoes(this.fleet.coarse());
    const { identity } = this.fleet.replica;
    recovery.doubted =
      record.by !== identity && recovery.phase === "closed" && (scope === "confirm" || evidence);
  }

  #opening(duration: number, reason: string, manual: boolean, reopens: number, reach: Reach): Overlay {
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
      reach,
    };
  }

  #open(failure: Pick<Failure, "error" | "origin" | "openFor">, reason: string, reopens: number): void {
    const { settings, fleet } = this;
    const told = settings.quorum > 1 ? "vote" : "fleet";
    const reach = settings.scope === "process" || failure.origin === "host" ? "here" : told;
    const duration = openTime(settings, reopens, failure.openFor, fleet.clock.random);
    this.#causedBy(failure.error);
    if (reopens === 0) this.#recovering.trips++;
    this.#decide(this.#opening(duration, reason, false, reopens, reach));
  }

  #decide(overlay: Overlay): void {
    this.overlay = overlay;
    this.#settle(true);
    if (overlay.state === "open" && overlay.reach === "vote" && !this.leaseIsOurs)
      this.fleet.clock.after(this.fleet.clock.random() * VOTE_JITTER_MS, () => this.flush());
    else this.flush();
  }

  /** The store took what we proposed: the same decision, now the fleet's, so that nobody's result is voided. */
  #granted(written: Overlay | null): void {
    this.#weigh();
    const sighting = this.sighting();
    const generation = generationOf(sighting);
    const { overlay } = this;
    // What was written for an opening may have been a vote, beside an opening that is over: it goes on here.
    const open = sighting?.record.state === "open" && inForce(sighting, this.fleet.clock.now());
    const fulfilled = overlay === written && (overlay?.state !== "open" || open);
    if (fulfilled) this.overlay = null;
    else if (overlay !== null) this.overlay = { ...overlay, base: generation };
    this.#generation = generation;
    this.#settle(false);
  }

  /** There is nothing to write: the fleet has moved on, or never knew. */
  #dropped(overlay: Overlay): void {
    const ours =
      stands(overlay, this.sighting(), this.fleet.clock.now()) &&
      (overlay.state === "half-open" || (overlay.state === "open" && !unclosed(this.sighting())));
    if (!ours) this.overlay = null;
    this.#settle(false);
  }

  /** Takes in whatever changed: the term that calls get, how long they are rejected unseen, and the news of it. */
  #settle(moved: boolean): void {
    const now = this.fleet.look();
    this.#generation = this.#base();
    if (this.fleet.replica.holds.has(this.key)) this.#hold ??= new OperatorHold(this);
    this.#hold?.settle(now, () => this.#settle(false));
    const { held } = this;
    const { state, until } = standing(this.sighting(), this.overlay, now);
    this.#shutUntil = held === "open" ? (this.#hold?.deadline ?? 0) : state === "open" ? until : 0;
    const kind = held === "closed" ? "held" : held === "open" || state !== "closed" ? "shut" : "closed";
    if (kind !== "shut" && (moved || this.term.kind !== kind)) {
      this.term = kind === "closed" ? this.#closedTerm(now, moved) : new Term(kind, true);
      if (this.#traffic instanceof TripRule) this.#traffic.clear();
    }
    // A probe under way keeps its term: what it finds out still counts.
    if (kind === "shut" && (moved || this.term !== this.#recovery?.probe?.term)) this.term = SHUT;
    const record = this.#record;
    const due = this.#recovery?.probing ? "half-open" : (this.overlay?.state ?? record?.state ?? "open");
    const phase = state === "due" ? due : state;
    if (phase === (this.#recovery?.phase ?? "closed")) return;
    this.#recovering.phase = phase;
    announceState(this, phase, this.overlay !== null || record?.by === this.fleet.replica.identity);
    if (phase === "closed") this.#causedBy(undefined);
  }

  /** Every process ramps up from the one moment of closing, in the store's clock. */
  #closedTerm(now: number, moved: boolean): Term {
    const { rampUp, mode } = this.settings;
    if (mode === "throttle") return new Term("closed", false);
    const record = this.#record;
    if (rampUp === 0 || (record === undefined && this.overlay === null)) return new Term("closed", true);
    // It had closed by its own word before an operator held it.
    if (this.overlay !== null && !moved) return new Term("closed", true);
    if (record?.generation === 0) return new Term("closed", true);
    const closed = record?.state === "closed" && this.overlay === null;
    const since = closed ? this.fleet.replica.storeClock.now() - record.at : 0;
    return since < rampUp ? new RampTerm(now - Math.max(since, 0)) : new Term("closed", true);
  }
}
