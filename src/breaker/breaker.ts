import type { FailfastErrorFields } from "../errors/failfast-error.js";
import { longestOpenTime } from "../policy/open-time.js";
import type { CircuitSettings } from "../policy/settings.js";
import type { CircuitRecord, CircuitState, HoldRecord } from "../protocol/record.js";
import type { Stamp } from "../protocol/transition.js";
import type { Entry } from "../sync/entry.js";
import type { WriteOutcome } from "../sync/writer.js";
import { Admission, FIRST_ADMISSION, NESTED } from "./admission.js";
import { admitShare, makeAdmission } from "./admit.js";
import { announceHold, announceRelease, announceState } from "./announce.js";
import { isPending, recordOf } from "./decision.js";
import type { Effect, Event, Verdict } from "./event.js";
import type { Failure } from "./failure.js";
import { leaseRecord } from "./lease.js";
import { LeaseRequest } from "./lease-request.js";
import { callFailed, callSucceeded, isProbe, isProbeOf } from "./outcome.js";
import { isWithinProbe, probeEnded } from "./probe-context.js";
import { propose } from "./proposal.js";
import { reduce } from "./reduce.js";
import type { Sampler } from "./sampler.js";
import type { Check, Shell } from "./shell.js";
import { type Status, stand, statusOf } from "./standing.js";
import { type ActiveHold, type CachedRecord, type Decision, INITIAL, type State } from "./state.js";
import type { StoreSession } from "./store-session.js";
import { countsAlike, Traffic } from "./traffic.js";
import { CallsUnderWay } from "./under-way.js";

const NONE_UNDER_WAY = { calls: 0, oldestMs: 0 };

/** A check waits so long for its lease, in ms: a write is given up before. */
const CHECK_WAIT_MS = 5_500;

/**
 * One circuit in this process: the shell around the reducer. It keeps what calls are admitted under, hands the reducer
 * what happens, and carries out the effects. It never waits for the store.
 */
export class Breaker implements Shell {
  readonly name: string;
  /** The name as the store's keys have it. */
  readonly key: string;
  readonly session: StoreSession;
  settings: CircuitSettings;
  /** What calls are admitted under now; its identity is the fast path's one comparison. */
  admission: Admission;
  /** How many handles and names go by it; the last that lets it go takes it out of the replica. */
  users = 0;
  /** How often its calls tripped it, and how often the first probe after that succeeded: for `lint()`. */
  trips = 0;
  needlessTrips = 0;
  /** What its calls came to, as far as that is seen by itself: for what the process reports. */
  failures = 0;
  rejections = 0;
  slowCalls = 0;
  /** While it wants calls to count and time: none of those passes at a glance. */
  sampler: Sampler | undefined;
  /** How far the back-off was when its calls last tripped it. */
  reopensAtTrip = 0;
  #state: State = INITIAL;
  #traffic: Traffic | undefined;
  #underWay: CallsUnderWay | undefined;
  #lease: LeaseRequest | undefined;
  #cancelWake: (() => void) | undefined;
  /** How often the process had slept when its probe began. */
  #sleeps = 0;
  /** Until then calls are rejected with no further look. */
  #rejectUntilMs = 0;
  /** What tries the backend when its time is up, where that is no call. */
  check: Check | undefined;
  /** When it last closed, on the local monotonic clock. */
  closedAtMs: number = -Infinity;

  constructor(name: string, key: string, settings: CircuitSettings, session: StoreSession) {
    this.name = name;
    this.key = key;
    this.settings = settings;
    this.session = session;
    this.admission = settings.mode === "throttle" ? new Admission("closed", false, 0) : FIRST_ADMISSION;
  }

  get owner(): string {
    return this.session.owner;
  }

  get host(): string {
    return this.session.host;
  }

  get checked(): boolean {
    return this.check?.enabled === true;
  }

  get identity(): string {
    return this.session.replica.identity;
  }

  // ── How it stands ─────────────────────────────────────────────────────────────────────────────

  /** How it stands now. */
  get status(): Status {
    return statusOf(this.#state, this.session.look(), this);
  }

  /** How it stood when it last rejected a call: a flood of rejections looks at the clock once for each. */
  get rejection(): FailfastErrorFields {
    const { lookedAt } = this.session;
    const { cause, hold } = this.#state;
    if (lookedAt < this.#rejectUntilMs && this.#rejectUntilMs !== Infinity) {
      const retryAfterMs = this.#rejectUntilMs - lookedAt;
      return { circuit: this.name, state: "open", held: hold?.state, retryAfterMs, cause };
    }
    const { state, held, retryAfterMs } = statusOf(this.#state, lookedAt, this);
    return { circuit: this.name, state, held, retryAfterMs, cause };
  }

  get state(): CircuitState {
    return this.status.state;
  }

  get held(): ActiveHold["state"] | undefined {
    return this.status.held;
  }

  /** When it may be called again, in ms from now; 0 when it may be. */
  get retryAfterMs(): number {
    return this.status.retryAfterMs;
  }

  /** All that it is in this process. */
  get current(): State {
    return this.#state;
  }

  /** The failure that opened it, where it happened here. */
  get cause(): unknown {
    return this.#state.cause;
  }

  /** What this process decided and the store has not granted. */
  get decision(): Decision {
    return this.#state.decision;
  }

  /** The fleet's record as this process has it. */
  get record(): CircuitRecord | undefined {
    return this.#state.record?.record;
  }

  get hold(): ActiveHold | undefined {
    return this.held === undefined ? undefined : this.#state.hold;
  }

  /** The longest that this process would keep it open by itself. */
  get longest(): number {
    return longestOpenTime(this.settings);
  }

  /** It has decided something that the store has not granted yet. */
  get pending(): boolean {
    const { clock, replica } = this.session;
    return isPending(this.#state, clock.now(), this, replica.storeClock.now());
  }

  /** What its calls showed, where anything is counted. */
  get traffic(): Traffic {
    this.#traffic ??= new Traffic(this.settings, this.session);
    return this.#traffic;
  }

  /** Its calls that have not ended, where they are measured. */
  get underWay(): CallsUnderWay {
    this.#underWay ??= new CallsUnderWay(this);
    return this.#underWay;
  }

  /** How many there are, and how old the oldest is; `undefined` where they are not measured. */
  get inFlight(): Pick<CallsUnderWay, "calls" | "oldestMs"> | undefined {
    const measured = this.settings.slowCall > 0 || this.session.events.successesObserved;
    return measured ? (this.#underWay ?? NONE_UNDER_WAY) : undefined;
  }

  /** The process was suspended since its probe began. */
  get slept(): boolean {
    const { synchroniser } = this.session.replica;
    synchroniser.checkDrift();
    return !synchroniser.down && synchroniser.sleeps !== this.#sleeps;
  }

  /** The fleet's record of it in the replica, made when there is something to keep. */
  get entry(): Entry<CircuitRecord> {
    return this.session.replica.circuit(this.key);
  }

  /** An operator's hold of it, made likewise. */
  get holdEntry(): Entry<HoldRecord> {
    return this.session.replica.hold(this.key);
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * What a call is admitted under, or `undefined`: it is rejected. A caller that can wait gets a promise where it is
   * the one that asks the fleet for the probe's lease. `callTimeoutMs`: how long its call takes at most; 0: not known.
   */
  enter(
    canWait: boolean,
    callTimeoutMs: number,
    byCheck = false,
  ): Admission | undefined | Promise<Admission | undefined> {
    if (this.admission.admitsAll) return this.admission;
    const { session } = this;
    if (session.isBefore(this.#rejectUntilMs)) return undefined;
    const waitMs = byCheck ? CHECK_WAIT_MS : canWait ? session.leaseWaitMs : 0;
    const verdict = this.#call(waitMs, callTimeoutMs, false, byCheck);
    if (verdict !== "ask") return this.#admit(verdict);
    const again = (): Admission | undefined => this.#admit(this.#call(waitMs, callTimeoutMs, true, byCheck));
    if (!canWait || !this.#state.leaseRequested) return again();
    return new Promise((resolve) => {
      this.#lease?.wait(session.clock, waitMs, () => resolve(again()));
    });
  }

  #call(waitMs: number, callTimeoutMs: number, asked: boolean, byCheck: boolean): Verdict | undefined {
    const { replica } = this.session;
    const { probe } = this.#state;
    return this.dispatch({
      type: "call",
      waitMs,
      asked,
      byCheck,
      callTimeoutMs,
      withinProbe: probe.kind === "running" && isWithinProbe(this, probe.epoch),
      storeFails: replica.synchroniser.down || (replica.circuits.get(this.key)?.failures ?? 0) > 0,
    });
  }

  #admit(verdict: Verdict | undefined): Admission | undefined {
    const { admission } = this;
    const { probe } = this.#state;
    // A listener may have opened it, or ended the probe, between the verdict and now.
    switch (verdict) {
      case "closed":
        return admission.kind === "rejecting" ? undefined : admitShare(this);
      case "held":
        return admission.kind === "rejecting" ? undefined : admission;
      case "probe":
        this.#sleeps = this.session.replica.synchroniser.sleeps;
        return probe.kind === "running" ? new Admission("probe", false, probe.epoch) : undefined;
      case "nested":
        return NESTED;
      default:
        return undefined;
    }
  }

  /** A call failed; `callFailed` says what comes of it. */
  failed(admission: Admission, failure: Failure): void {
    this.failures++;
    if (failure.slow) this.slowCalls++;
    callFailed(this, admission, failure);
  }

  /** A call succeeded, by `now` where that was read. Where successes count for nothing this needs not be called. */
  succeeded(admission: Admission, slow: boolean, now?: number, countedAtMs?: number): void {
    if (slow) this.slowCalls++;
    callSucceeded(this, admission, slow, now, countedAtMs);
  }

  /** The call ended as neither. `pauseMs`: the next would end so too for as long; `byItself`: its own circuit rejected it. */
  released(admission: Admission, pauseMs = 0, byItself = false): void {
    if (admission.kind === "probe" && isProbe(this, admission))
      this.dispatch({ type: "probe-released", pauseMs, byItself });
  }

  // ── What else happens ─────────────────────────────────────────────────────────────────────────

  /** The replica has news. */
  changed(): void {
    const hold = this.#cachedHold();
    if (hold?.record !== this.#state.hold?.record || hold?.untilMs !== this.#state.hold?.untilMs)
      this.dispatch({ type: "hold", hold });
    const record = this.#cached();
    if (record === this.#state.record) return;
    const { replica, clock } = this.session;
    const doubts = this.#state.remoteOpen === "unseen" && this.#traffic?.vetoes === true;
    const random = replica.store.swap === undefined ? clock.random() : 0;
    const ageMs = record === undefined ? 0 : replica.storeClock.now() - record.record.at;
    this.dispatch({ type: "record", record, doubts, ageMs, random });
  }

  /** Proposes what is pending, and sends a request for the lease that had to wait. */
  flush(): void {
    this.#lease?.resend();
    if (this.pending && !this.session.replica.synchroniser.down) propose(this);
  }

  /** The record that this process would write now, to propose its decision or to take the lease. */
  recordOf(stamp: Stamp): CircuitRecord | null {
    this.#catchUp();
    return recordOf(this.#state, this.session.clock.now(), stamp, this);
  }

  leaseRecord(stamp: Stamp, callTimeoutMs: number): CircuitRecord | null {
    this.#catchUp();
    return leaseRecord(this.#state, this.session.clock.now(), stamp, this, callTimeoutMs);
  }

  leaseAnswered(outcome: WriteOutcome): void {
    this.dispatch({ type: "lease", record: this.#cached(), outcome });
  }

  proposalAnswered(outcome: WriteOutcome, written: Decision): void {
    this.dispatch({ type: "proposal", record: this.#cached(), outcome, written });
  }

  /** An operator opens it: obeyed here at once, whatever the store says. */
  openNow(durationMs: number, reason: string): void {
    const storeDown = this.session.replica.synchroniser.down;
    this.dispatch({ type: "operator-opens", durationMs, reason, storeDown });
  }

  /** The store has what an operator wrote. */
  operatorWrote(): void {
    this.dispatch({ type: "operator-wrote", record: this.#cached() });
  }

  /** Listeners changed: calls get a new admission, and so new handlers, under the same epoch: no result is void. */
  renewAdmission(): void {
    const { kind, admitsAll, epoch } = this.admission;
    if (admitsAll) this.admission = new Admission(kind, true, epoch);
  }

  /** Other settings, while it runs. What was counted stays, unless it is to be counted in another way. */
  updateSettings(settings: CircuitSettings): void {
    if (!countsAlike(settings, this.settings)) {
      this.#traffic = undefined;
      this.#underWay?.forget();
    }
    this.settings = settings;
    this.admission = makeAdmission(this, this.#state);
    this.dispatch({ type: "time" });
  }

  /** Leaves the replica once its last user lets it go. */
  retire(): void {
    if (--this.users > 0) return;
    this.#cancelWake?.();
    void this.check?.stop();
    this.session.replica.unsubscribe(this.key);
  }

  // ── The shell ─────────────────────────────────────────────────────────────────────────────────

  /** Hands the reducer what happened, and carries out what follows. For this room alone. */
  dispatch(event: Event): Verdict | undefined {
    const before = this.#state;
    const { state, effects, verdict } = reduce(before, event, this.session.look(), this);
    this.#state = state;
    if (state !== before) this.#refresh(before);
    // The state is the new one by now: what a listener does in turn meets it.
    for (const effect of effects) this.#carryOut(effect);
    if (state !== before) this.check?.follow();
    return verdict;
  }

  /** What calls are admitted under, and until when they are rejected unseen, follows from the state. */
  #refresh(before: State): void {
    const state = this.#state;
    const { lookedAt } = this.session;
    if (before.probe.kind === "running" && !isProbeOf(state, before.probe.epoch))
      probeEnded(this, before.probe.epoch);
    if (state.announced === "closed" && before.announced !== "closed") this.closedAtMs = lookedAt;
    const kind = state.admits === "nothing" ? "rejecting" : state.admits;
    if (kind !== this.admission.kind || (kind !== "rejecting" && this.admission.epoch !== state.epoch)) {
      this.admission = makeAdmission(this, state);
      if (kind !== "rejecting") this.#traffic?.clear();
    }
    const standing = stand(state, lookedAt, this);
    if (state.hold !== undefined) this.#rejectUntilMs = state.hold.state === "open" ? state.hold.untilMs : 0;
    else this.#rejectUntilMs = standing.kind === "open" ? standing.untilMs : 0;
    if (state.hold !== before.hold) this.#wakeAt(state.hold?.untilMs ?? Infinity);
  }

  /** A hold ends by itself. */
  #wakeAt(atMs: number): void {
    const { clock, lookedAt } = this.session;
    this.#cancelWake?.();
    this.#cancelWake =
      atMs === Infinity ? undefined : clock.after(atMs - lookedAt, () => this.dispatch({ type: "time" }));
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "announce":
        announceState(this, effect.state, effect.local);
        break;
      case "announce-hold":
        announceHold(this, effect.hold);
        break;
      case "announce-release":
        announceRelease(this);
        break;
      case "propose":
        if (effect.delayMs === 0) this.flush();
        else this.session.clock.after(effect.delayMs, () => this.flush());
        break;
      case "ask-for-lease":
        this.#lease ??= new LeaseRequest(this);
        this.#lease.send(effect.callTimeoutMs);
        break;
    }
  }

  /** A write that is under way may have found a newer record. */
  #catchUp(): void {
    if (this.#cached() !== this.#state.record) this.changed();
  }

  #cached(): CachedRecord | undefined {
    return this.session.replica.circuits.get(this.key)?.cached ?? undefined;
  }

  #cachedHold(): ActiveHold | undefined {
    const cached = this.session.replica.holds.get(this.key)?.cached;
    if (!cached || cached.record.state === "released") return undefined;
    const { record, deadline } = cached;
    return { state: cached.record.state, untilMs: record.until === 0 ? Infinity : deadline, record };
  }
}
