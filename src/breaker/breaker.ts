import { openTime } from "../policy/open-time.js";
import { admittedShare } from "../policy/ramp.js";
import type { CircuitSettings } from "../policy/settings.js";
import { Throttle } from "../policy/throttle.js";
import { countsSuccesses, TripRule, tripsAtOnce } from "../policy/trip-rule.js";
import { type Overlay, type Reach, stands } from "../protocol/overlay.js";
import { standing } from "../protocol/standing.js";
import type { Subscriber } from "../sync/entry.js";
import { announceState } from "./announce.js";
import { CircuitView } from "./circuit-view.js";
import { weigh } from "./doubt.js";
import type { Failure } from "./failure.js";
import type { Fleet } from "./fleet.js";
import { OperatorHold } from "./operator-hold.js";
import { propose } from "./proposal.js";
import { Recovery } from "./recovery.js";
import { FIRST_TERM, RampTerm, SHUT, Term } from "./term.js";

/** A quorum's votes go out after a while of up to so many ms, and not at all when the circuit is open by then. */
const VOTE_JITTER_MS = 200;

/** What calls are counted by. */
const COUNTING = [
  "mode",
  "threshold",
  "window",
  "failureRate",
  "minimumCalls",
  "slowCall",
  "slowCallRate",
] as const;

/**
 * One circuit in this process: admits calls and takes their results, by what the replica knows of the
 * fleet and by what this process decided alone. It never waits for the store, and what it decides is
 * proposed to the fleet in the background.
 */
export class Breaker extends CircuitView implements Subscriber {
  /** What calls are admitted under now; its identity is the fence for their results. */
  term: Term;
  /** How many go by it: a handle, a name of a function's; the last that lets it go takes it out of the replica. */
  users = 0;
  /** The generation that the present term belongs to. */
  #generation = 0;

  constructor(name: string, key: string, settings: CircuitSettings, fleet: Fleet) {
    super(name, key, settings, fleet);
    this.term = settings.mode === "throttle" ? new Term("closed", false) : FIRST_TERM;
  }

  /** The way back, which begins with the first thing that happens to the circuit. */
  get recovering(): Recovery {
    this.recovery ??= new Recovery(this);
    return this.recovery;
  }

  /**
   * What a call is admitted under, or `undefined`: it is rejected. A caller that can wait gets a promise
   * where it is the one that asks the fleet for the probe's lease; `callTimeout` is how long its call takes at most.
   */
  enter(canWait: boolean, callTimeout: number): Term | undefined | Promise<Term | undefined> {
    if (this.term.passes) return this.term;
    const { fleet } = this;
    if (fleet.refuses(this.shutUntil)) return undefined;
    const now = fleet.lookedAt;
    if (this.held === "open") {
      this.settle(false);
      return this.term.passes ? this.term : undefined;
    }
    const { state, until } = standing(this.sighting(), this.overlay, now);
    switch (state) {
      case "closed":
        if (this.term.kind !== "closed") this.settle(false);
        return this.#admitShare(now);
      case "open":
        this.shutUntil = until;
        return undefined;
      case "half-open":
        return this.leaseIsOurs && this.recovering.probe === undefined
          ? this.recovering.begin(until)
          : undefined;
      case "due":
        if (this.settings.recovery === "probe") return this.recovering.next(canWait, now, callTimeout);
        this.overlay = { state: "closed", base: this.generation, reason: "", silent: true };
        this.settle(true);
        return this.term;
    }
  }

  /** A call failed. It counts only under the term it was admitted under. */
  failed(term: Term, failure: Failure): void {
    if (term.era !== this.term.era) return;
    if (failure.origin === "stall") {
      this.abandoned(term);
    } else if (term.kind === "probe") {
      const reopens = this.reopens + 1;
      this.recovering.probe = undefined;
      this.#open(failure, this.#reason(failure), reopens);
    } else if (term.kind === "closed" && this.settings.mode !== "throttle") {
      if (this.recovery?.doubted) this.#confirm(failure);
      else if (tripsAtOnce(this.settings)) this.#open(failure, this.#reason(failure), 0);
      else this.#countFailure(failure);
    }
  }

  /**
   * A call succeeded, by `now` where that was read; where successes are neither counted nor probes, this needs not
   * be called.
   */
  succeeded(term: Term, slow: boolean, now?: number): void {
    if (term.era !== this.term.era) return;
    if (term.kind === "closed") this.#countSuccess(slow, now);
    else if (term.kind === "probe") this.#probePassed();
  }

  /**
   * The probe ended as neither failure nor success: its lease is given back. `pauseMs`: the next one would end so
   * too for as long, which is no reason to stay open longer than by its own time.
   */
  abandoned(term: Term, pauseMs = 0): void {
    if (term.era !== this.term.era || term.kind !== "probe") return;
    const { passed } = this;
    this.recovering.pausedUntil = this.fleet.clock.now() + Math.min(pauseMs, this.settings.open);
    this.recovering.probe = undefined;
    this.#decide({ state: "half-open", base: this.generation, passed });
  }

  /** A call becomes the probe. */
  probeBegan(): Term {
    this.term = new Term("probe", false);
    if (this.recovering.phase !== "half-open") {
      this.recovering.phase = "half-open";
      announceState(this, "half-open", true);
    }
    return this.term;
  }

  /** The lease that was asked for is this process's. */
  leaseGranted(): void {
    this.overlay = null;
    this.#forgetProbe();
    this.settle(true);
  }

  /** An operator opens it: obeyed here at once, whatever the store says. */
  openNow(duration: number, reason: string): void {
    this.#forgetProbe();
    this.overlay = this.#opening(duration, reason, true, 0, "fleet");
    this.settle(true);
  }

  /** The store has what an operator wrote: whatever was decided here before is over. */
  overruled(): void {
    weigh(this);
    this.overlay = null;
    this.#forgetProbe();
    this.#causedBy(undefined);
    this.settle(true);
  }

  /** Somebody began or ceased to listen: calls get a new term, and with it handlers made anew, and no result is void. */
  renewTerm(): void {
    if (this.term.passes) this.term = new Term(this.term.kind, true, this.term);
  }

  /** Other settings, while it runs. What was counted stays, unless it is to be counted in another way. */
  updateSettings(settings: CircuitSettings): void {
    if (COUNTING.some((each) => settings[each] !== this.settings[each])) this.traffic = undefined;
    this.settings = settings;
    this.settle(false);
    this.renewTerm();
  }

  changed(): void {
    weigh(this);
    const sighting = this.sighting();
    const moved = this.generation !== this.#generation;
    if (moved) {
      if (this.overlay !== null && !stands(this.overlay, sighting, this.fleet.clock.now()))
        this.overlay = null;
      // A lease granted too late for its asker is for the probe that this process began meanwhile.
      if (this.recovery?.probing && this.leaseIsOurs && this.overlay === null) {
        this.settle(false);
        return;
      }
      this.#forgetProbe();
    }
    this.settle(moved);
  }

  /** Proposes what is pending; called whenever the store can be asked. */
  flush(): void {
    propose(this);
  }

  /** Leaves the fleet's replica, unless somebody else goes by it: it was the least useful of too many. */
  retire(): void {
    if (--this.users > 0) return;
    this.hold?.end();
    this.fleet.replica.unsubscribe(this.key);
  }

  /** Takes in whatever changed: the term that calls get, how long they are rejected unseen, and the news of it. */
  settle(moved: boolean): void {
    const now = this.fleet.look();
    this.#generation = this.generation;
    if (this.fleet.replica.holds.has(this.key)) this.hold ??= new OperatorHold(this);
    this.hold?.settle(now, () => this.settle(false));
    const { held } = this;
    const { state, until } = standing(this.sighting(), this.overlay, now);
    this.shutUntil = held === "open" ? (this.hold?.deadline ?? 0) : state === "open" ? until : 0;
    const kind = held === "closed" ? "held" : held === "open" || state !== "closed" ? "shut" : "closed";
    if (kind !== "shut" && (moved || this.term.kind !== kind)) {
      this.term = kind === "closed" ? this.#closedTerm(now, moved) : new Term(kind, true);
      if (this.traffic instanceof TripRule) this.traffic.clear();
    }
    // A probe under way keeps its term: what it finds out still counts.
    if (kind === "shut" && (moved || this.term !== this.recovery?.probe?.term)) this.term = SHUT;
    const { record } = this;
    const due = this.recovery?.probing ? "half-open" : (this.overlay?.state ?? record?.state ?? "open");
    const phase = state === "due" ? due : state;
    if (phase === (this.recovery?.phase ?? "closed")) return;
    this.recovering.phase = phase;
    announceState(this, phase, this.overlay !== null || record?.by === this.fleet.replica.identity);
    if (phase === "closed") this.#causedBy(undefined);
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

  #countSuccess(slow: boolean, ended: number | undefined): void {
    if (this.settings.mode === "throttle") this.#throttle.accepted(this.fleet.clock.now());
    else if (countsSuccesses(this.settings)) {
      const now = ended ?? this.fleet.coarse();
      const why = this.#rule.record(now, false, slow);
      if (why !== undefined) this.#trip(now, why, undefined);
    }
  }

  #countFailure(failure: Failure): void {
    // The coarse clock stands still in a process that never yields: failures, which trip, are dated exactly.
    const now = this.fleet.clock.now();
    if (failure.origin === "host") this.#rule.suspected = now;
    const why = this.#rule.record(now, true, failure.slow);
    if (why !== undefined) this.#trip(now, why === "failure" ? this.#reason(failure) : why, failure);
  }

  /** What its calls showed trips it; some of that may be this host's own doing. */
  #trip(now: number, reason: string, failure: Failure | undefined): void {
    const origin = this.#rule.suspects(now) ? "host" : "backend";
    this.#open({ error: failure?.error, origin, openFor: failure?.openFor }, reason, 0);
  }

  #probePassed(): void {
    const passed = this.passed + 1;
    const reopens = this.overlay?.state === "open" ? this.overlay.reopens : this.record?.reopens;
    if (passed === 1 && reopens === 0) this.recovering.needless++;
    this.recovering.probe = undefined;
    if (passed < this.settings.probes) this.#decide({ state: "half-open", base: this.generation, passed });
    else this.#decide({ state: "closed", base: this.generation, reason: "probe succeeded", silent: false });
  }

  /** The fleet says that it is open, and so does a failure here now. */
  #confirm(failure: Failure): void {
    this.#causedBy(failure.error);
    this.recovering.doubted = false;
    this.settle(true);
  }

  #open(failure: Pick<Failure, "error" | "origin" | "openFor">, reason: string, reopens: number): void {
    const { settings, fleet } = this;
    const told = settings.quorum > 1 ? "vote" : "fleet";
    const reach = settings.scope === "process" || failure.origin === "host" ? "here" : told;
    const duration = openTime(settings, reopens, failure.openFor, fleet.clock.random);
    this.#causedBy(failure.error);
    if (reopens === 0) this.recovering.trips++;
    this.#decide(this.#opening(duration, reason, false, reopens, reach));
  }

  #opening(duration: number, reason: string, manual: boolean, reopens: number, reach: Reach): Overlay {
    const { clock, replica } = this.fleet;
    const { generation: base } = this;
    const until = clock.now() + duration;
    const apart = replica.synchroniser.down;
    return { state: "open", base, until, duration, reason, manual, reopens, apart, reach };
  }

  #decide(overlay: Overlay): void {
    this.overlay = overlay;
    this.settle(true);
    if (overlay.state === "open" && overlay.reach === "vote" && !this.leaseIsOurs)
      this.fleet.clock.after(this.fleet.clock.random() * VOTE_JITTER_MS, () => this.flush());
    else this.flush();
  }

  /** Every process ramps up from the one moment of closing, in the store's clock. */
  #closedTerm(now: number, moved: boolean): Term {
    const { rampUp, mode } = this.settings;
    if (mode === "throttle") return new Term("closed", false);
    const { record, overlay } = this;
    if (rampUp === 0 || (record === undefined && overlay === null)) return new Term("closed", true);
    // It had closed by its own word before an operator held it.
    if (overlay !== null && !moved) return new Term("closed", true);
    if (record?.generation === 0) return new Term("closed", true);
    const closed = record?.state === "closed" && overlay === null;
    const since = closed ? this.fleet.replica.storeClock.now() - record.at : 0;
    return since < rampUp ? new RampTerm(now - Math.max(since, 0)) : new Term("closed", true);
  }

  get #rule(): TripRule {
    this.traffic ??= new TripRule(this.settings);
    return this.traffic as TripRule;
  }

  get #throttle(): Throttle {
    this.traffic ??= new Throttle(this.settings.window);
    return this.traffic as Throttle;
  }

  #reason({ error, reason }: Failure): string {
    return reason(error, this.settings.shareReason);
  }

  #causedBy(error: unknown): void {
    if (error !== undefined || this.recovery) this.recovering.cause = error;
  }

  #forgetProbe(): void {
    if (this.recovery) this.recovery.probe = undefined;
  }
}
