import { longestOpenTime } from "../policy/open-time.js";
import type { CircuitSettings } from "../policy/settings.js";
import type { Throttle } from "../policy/throttle.js";
import type { TripRule } from "../policy/trip-rule.js";
import { hasVoted } from "../protocol/ballot.js";
import { type CircuitSighting, generationOf, type Overlay, unclosed } from "../protocol/overlay.js";
import type { CircuitRecord, CircuitState, OverrideRecord } from "../protocol/record.js";
import { type Standing, standing } from "../protocol/standing.js";
import type { Entry } from "../sync/entry.js";
import type { Fleet } from "./fleet.js";
import type { Hold, OperatorHold } from "./operator-hold.js";
import type { Recovery } from "./recovery.js";

/**
 * What this process knows of one circuit, by the fleet's record and by what it decided itself, and how the circuit
 * stands by that. It decides nothing.
 */
export class CircuitView {
  readonly name: string;
  /** The name as the store's keys have it. */
  readonly key: string;
  settings: CircuitSettings;
  readonly fleet: Fleet;
  /** What this process decided and the store has not granted. */
  overlay: Overlay | null = null;
  /** What its calls showed, where that is counted: by a throttle in that mode, else by a rule; made with the first. */
  traffic: TripRule | Throttle | undefined;
  /** Made with the first thing that happens to it. */
  recovery: Recovery | undefined;
  /** Made when an operator first holds it. */
  hold: OperatorHold | undefined;
  /** Until then calls are rejected with no further look, on the local monotonic clock. */
  protected shutUntil = 0;

  constructor(name: string, key: string, settings: CircuitSettings, fleet: Fleet) {
    this.name = name;
    this.key = key;
    this.settings = settings;
    this.fleet = fleet;
  }

  /** The longest that this process would keep it open by itself. */
  get longest(): number {
    return longestOpenTime(this.settings);
  }

  /** The fleet's record of it, made when there is something to keep. */
  get entry(): Entry<CircuitRecord> {
    return this.fleet.replica.circuit(this.key);
  }

  /** An operator's hold of it, made likewise. */
  get holdEntry(): Entry<OverrideRecord> {
    return this.fleet.replica.hold(this.key);
  }

  /** The fleet's record as far as this process takes the fleet's word: an operator's always, for one. */
  sighting(): CircuitSighting | null {
    const sighting = this.fleet.replica.circuits.get(this.key)?.sighting ?? null;
    if (sighting === null || sighting.record.state === "closed" || sighting.record.manual) return sighting;
    return this.settings.scope === "process" || this.recovery?.doubted ? null : sighting;
  }

  get record(): CircuitRecord | undefined {
    return this.sighting()?.record;
  }

  get generation(): number {
    return generationOf(this.sighting());
  }

  get leaseIsOurs(): boolean {
    return this.record?.owner === this.fleet.owner;
  }

  /** How many probes in a row have succeeded. */
  get passed(): number {
    return this.overlay?.state === "half-open" ? this.overlay.passed : (this.record?.passed ?? 0);
  }

  /** How many probes in a row have failed, as far as anybody knows. */
  get reopens(): number {
    return Math.max(this.record?.reopens ?? 0, this.overlay?.state === "open" ? this.overlay.reopens : 0);
  }

  /** It is open by this process's own word, of which the fleet knows nothing that it could give a lease for. */
  get openHereAlone(): boolean {
    if (this.settings.scope === "process") return true;
    const { overlay } = this;
    return overlay !== null && overlay.state !== "closed" && !unclosed(this.sighting());
  }

  /** It has decided something that the store has not granted yet. */
  get pending(): boolean {
    const { overlay } = this;
    if (overlay === null) return false;
    // Kept to this process, but for what an operator said.
    if (this.settings.scope === "process" && !(overlay.state === "open" && overlay.manual)) return false;
    if (overlay.state === "closed") return !overlay.silent;
    if (overlay.state === "half-open") return unclosed(this.sighting());
    if (this.fleet.clock.now() >= overlay.until) return false;
    if (overlay.reach === "fleet" || this.leaseIsOurs) return true;
    return overlay.reach === "vote" && !hasVoted(this.record?.votes ?? [], this.fleet.host);
  }

  get held(): Hold | undefined {
    return this.hold?.held;
  }

  /** Operators' holds apart. */
  standing(): Standing {
    const now = this.fleet.clock.now();
    const { state, until } = standing(this.sighting(), this.overlay, now);
    if (state !== "due") return { state, until };
    if (this.settings.recovery === "all") return { state: "closed", until: 0 };
    const probe = this.recovery?.probe;
    return probe && now < probe.until ? { state: "half-open", until: probe.until } : { state, until };
  }

  get state(): CircuitState {
    if (this.held !== undefined) return this.held;
    const { state } = this.standing();
    return state === "due" ? "half-open" : state;
  }

  /** When it may be called again, in ms from now; 0 when it may be. A hold without an end: the circuit's own time. */
  get retryAfterMs(): number {
    if (this.held === "closed") return 0;
    if (this.hold?.held === "open") {
      const left = this.hold.deadline - this.fleet.clock.now();
      return left === Infinity ? this.settings.open : Math.max(left, 0);
    }
    const { state, until } = this.standing();
    return state === "closed" || state === "due" ? 0 : Math.max(until - this.fleet.clock.now(), 0);
  }

  /** How it stood when it last refused a call: a flood of refusals looks at the clock once for each. */
  get refusedState(): CircuitState {
    return this.fleet.lookedAt < this.shutUntil ? "open" : this.state;
  }

  /** For how long, from then on, in ms. */
  get refusedForMs(): number {
    const left = this.shutUntil - this.fleet.lookedAt;
    if (left <= 0) return this.retryAfterMs;
    return left === Infinity ? this.settings.open : left;
  }
}
