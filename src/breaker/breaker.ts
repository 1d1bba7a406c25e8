import { longestOpenTime } from "../policy/open-time.js";
import type { CircuitSettings } from "../policy/settings.js";
import { encodeName } from "../protocol/key.js";
import type { CircuitRecord, CircuitState } from "../protocol/record.js";
import type { Entry } from "../sync/entry.js";
import { Admission, FIRST_ADMISSION } from "./admission.js";
import { callContexts } from "./call-contexts.js";
import { CallGate } from "./call-gate.js";
import { CircuitCounts, NOTHING_COUNTED } from "./counts.js";
import { carryOut } from "./effects.js";
import type { Failure } from "./failure.js";
import { lookAgainAt } from "./hold-end.js";
import { takeNews } from "./news.js";
import { nextAdmission } from "./next-admission.js";
import { callFailed, callReleased, callSucceeded, isProbeOf } from "./outcome.js";
import { propose } from "./proposal.js";
import { isPending } from "./reducer/decision.js";
import type { CallAnswer, Event } from "./reducer/event.js";
import { reduce } from "./reducer/reduce.js";
import { holdsLease, type Status, standingOf, statusOf } from "./reducer/standing.js";
import { type ActiveHold, INITIAL, type State } from "./reducer/state.js";
import { describeRejections, type Rejections } from "./rejections.js";
import type { Sampler } from "./sampler.js";
import type { Check, Shell } from "./shell.js";
import type { StoreSession } from "./store-session.js";
import { countsAlike, Traffic } from "./traffic.js";
import { CallsUnderWay } from "./under-way.js";

const NONE_UNDER_WAY = { calls: 0, oldestMs: 0 };

/**
 * One circuit in this process: the shell around the reducer. It keeps what calls are admitted under, hands the reducer
 * what happens, and carries out the effects. It never waits for the store.
 *
 * There may be 100 000 of them, so what most never need is made at first use, and methods are `private`: with `#` they
 * would cost each object a word.
 */
export class Breaker implements Shell {
  readonly name: string;
  readonly session: StoreSession;
  settings: CircuitSettings;
  /** What calls are admitted under now. The fast path compares its identity, and nothing else. */
  admission: Admission;
  /** How many handles and names use it. When the last one lets it go, it leaves the replica. */
  users = 0;
  /**
   * Who gave its settings. `"definition"`: a definition by name; its settings win. `"arguments"`: a function whose calls
   * name the circuit. `"nobody"`: only an operator has used it yet.
   */
  givenBy: "arguments" | "definition" | "nobody" = "arguments";
  #counts: CircuitCounts | undefined;
  #state: State = INITIAL;
  #traffic: Traffic | undefined;
  #underWay: CallsUnderWay | undefined;
  #gate: CallGate | undefined;
  /** Until then calls are rejected without asking the reducer. Not `#`: a rejection would pay for each read. */
  private rejectUntilMs = 0;
  /** Tries the backend when the open time is over, in place of a call. */
  check: Check | undefined;

  constructor(name: string, settings: CircuitSettings, session: StoreSession) {
    this.name = name;
    this.settings = settings;
    this.session = session;
    this.admission = settings.mode === "throttle" ? new Admission("closed") : FIRST_ADMISSION;
  }

  /** The name as the store's keys have it. */
  get key(): string {
    return encodeName(this.name);
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

  // ── Its status ─────────────────────────────────────────────────────────────────────────────

  /** Its status now. */
  get status(): Status {
    return statusOf(this.#state, this.session.look(), this);
  }

  /** What its rejections say, by its status when it last rejected a call. It reads no clock. */
  get rejections(): Rejections {
    const { session } = this;
    const { rejections, lookedAt } = session;
    if (rejections?.by === this && rejections.stateThen === this.#state && rejections.atMs === lookedAt)
      return rejections;
    const { name: circuit, counting: counts } = this;
    const { cause } = this.#state;
    const status = statusOf(this.#state, lookedAt, this);
    const said = { circuit, ...status, cause, counts, by: this, stateThen: this.#state, atMs: lookedAt };
    session.rejections = describeRejections(said, rejections);
    return session.rejections;
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

  /** The whole state of the circuit in this process. */
  get current(): State {
    return this.#state;
  }

  /** The longest time that this process would keep it open by its own settings, in ms. */
  get longest(): number {
    return longestOpenTime(this.settings);
  }

  /** There is a decision that the store has not granted yet. */
  get pending(): boolean {
    const { clock, replica } = this.session;
    return isPending(this.#state, clock.now(), this, replica.storeClock.now());
  }

  /** What it has counted. */
  get counts(): Readonly<CircuitCounts> {
    return this.#counts ?? NOTHING_COUNTED;
  }

  /** The same object, made when it is first asked for: only for adding to it. */
  get counting(): CircuitCounts {
    this.#counts ??= new CircuitCounts();
    return this.#counts;
  }

  /** While it collects samples, calls take the slow path. */
  get sampler(): Sampler | undefined {
    return this.#counts?.sampler;
  }

  set sampler(sampler: Sampler | undefined) {
    this.counting.sampler = sampler;
  }

  /** The traffic that its trip rule counts, made at first use. */
  get traffic(): Traffic {
    if (this.#traffic === undefined) this.#traffic = new Traffic(this.settings, this.session);
    return this.#traffic;
  }

  /** Its calls that have not ended, made at first use. */
  get underWay(): CallsUnderWay {
    this.#underWay ??= new CallsUnderWay(this);
    return this.#underWay;
  }

  /** How many calls have not ended, and the age of the oldest; `undefined` if that is not measured. */
  get inFlight(): Pick<CallsUnderWay, "calls" | "oldestMs"> | undefined {
    const measured = this.settings.slowCall > 0 || this.session.events.successesObserved;
    return measured ? (this.#underWay ?? NONE_UNDER_WAY) : undefined;
  }

  /** Admits the calls that find it not simply closed; made at first use. */
  get gate(): CallGate {
    this.#gate ??= new CallGate(this);
    return this.#gate;
  }

  /** The place of its record in the replica, made when there is something to keep. */
  get entry(): Entry<CircuitRecord> {
    return this.session.replica.circuit(this.key);
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * What a call is admitted under, or `undefined` if it is rejected. A caller that can wait gets a promise if it is the
   * one that asks the fleet for the probe's lease. `callTimeoutMs`: how long its call takes at most; 0 if not known.
   */
  enter(
    canWait: boolean,
    callTimeoutMs: number,
    byCheck = false,
  ): Admission | undefined | Promise<Admission | undefined> {
    if (this.admission.admitsAll) {
      this.session.called(this);
      return this.admission;
    }
    if (this.session.isBefore(this.rejectUntilMs)) return undefined;
    return this.gate.enter(canWait, callTimeoutMs, byCheck);
  }

  /** A call failed. */
  failed(admission: Admission, failure: Failure): void {
    this.counting.failures++;
    if (failure.slow) this.counting.slowCalls++;
    callFailed(this, admission, failure);
  }

  /** A call succeeded, at `now` if that was read. If successes change nothing, this need not be called. */
  succeeded(admission: Admission, slow: boolean, now?: number, countedAtMs?: number): void {
    if (slow) this.counting.slowCalls++;
    callSucceeded(this, admission, slow, now, countedAtMs);
  }

  /** The call ended as neither. `pauseMs`: start no new probe for so long. `byItself`: its own circuit rejected it. */
  released(admission: Admission, pauseMs = 0, byItself = false): void {
    callReleased(this, admission, pauseMs, byItself);
  }

  // ── What else happens ─────────────────────────────────────────────────────────────────────────

  /** The replica has news. */
  changed(): void {
    takeNews(this, () => this.#traffic?.doubts === true);
  }

  /** Proposes a pending decision, and sends a lease request that had to wait. */
  flush(): void {
    this.#gate?.resend();
    if (this.pending && !this.session.replica.synchroniser.down) propose(this);
  }

  /** Gives its lease back, since this process ends. A probe that still runs says nothing any more. */
  leave(): void {
    if (this.#state.decision.kind === "none" && holdsLease(this.#state, this))
      this.dispatch({ type: "probe-released", pauseMs: 0, byItself: false, leaseWaitMs: 0, random: 0 });
  }

  /**
   * Listeners changed, or the record is being read: the next call takes the slow path, and calls get new handlers. The
   * epoch stays, so that no result is void.
   */
  renewAdmission(): void {
    const { kind, admitsAll, epoch } = this.admission;
    if (admitsAll) this.admission = new Admission(kind, true, epoch);
  }

  /** Changes the settings while it runs. Its counts stay, unless the new settings count in another way. */
  updateSettings(settings: CircuitSettings): void {
    if (!countsAlike(settings, this.settings)) {
      this.#traffic = undefined;
      this.#underWay?.forget();
    }
    this.session.rejections = undefined;
    this.settings = settings;
    this.admission = nextAdmission(this, this.#state);
    this.dispatch({ type: "time" });
  }

  /** Leaves the replica once its last user lets it go. */
  retire(): void {
    if (--this.users > 0) return;
    lookAgainAt(this, Infinity);
    this.session.rejections = undefined;
    void this.check?.stop();
    this.session.replica.unsubscribe(this.key);
  }

  // ── The shell ─────────────────────────────────────────────────────────────────────────────────

  /** Hands the event to the reducer, and carries out its effects. Only for this folder. */
  dispatch(event: Event): CallAnswer | undefined {
    const before = this.#state;
    const { state, effects, answer } = reduce(before, event, this.session.look(), this);
    this.#state = state;
    if (state !== before) this.refresh(before);
    // The state is already the new one: if a listener calls the circuit, it meets the new state.
    for (const effect of effects) carryOut(this, effect);
    if (state !== before) this.check?.follow();
    return answer;
  }

  /** Derives from the state: what calls are admitted under, and until when they are rejected without the reducer. */
  private refresh(before: State): void {
    const state = this.#state;
    const { lookedAt } = this.session;
    if (before.probe.kind === "running" && !isProbeOf(state, before.probe.epoch))
      callContexts.ended(this, before.probe.epoch);
    if (state.announced === "closed" && before.announced !== "closed") this.counting.closedAtMs = lookedAt;
    if (state.epoch !== before.epoch) {
      this.admission = nextAdmission(this, state);
      this.#traffic?.clear();
      // Otherwise the error of a failed call, and the request in it, would stay in memory.
      this.session.rejections = undefined;
    }
    const standing = standingOf(state, lookedAt, this);
    this.rejectUntilMs = state.hold?.untilMs ?? (standing.kind === "open" ? standing.untilMs : 0);
    if (state.hold !== before.hold) lookAgainAt(this, state.hold?.untilMs ?? Infinity);
  }
}
