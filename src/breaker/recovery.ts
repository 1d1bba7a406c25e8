import { inForce } from "../protocol/overlay.js";
import { type CircuitRecord, type CircuitState, LEASE_LONGEST_MS, LEASE_MS } from "../protocol/record.js";
import { standing } from "../protocol/standing.js";
import { leased, type Stamp } from "../protocol/transition.js";
import { write } from "../sync/writer.js";
import type { Breaker } from "./breaker.js";
import type { Term } from "./term.js";

/** How long an async caller waits for the lease it asked for. */
const LEASE_WAIT_MS = 50;
/** A lease outlives the call's own deadline by this much. */
const LEASE_MARGIN_MS = 1_000;
/** Where no swap decides, the processes of a fleet try at different moments of this share of the open time. */
const ATTEMPT_JITTER = 0.1;

/** The trial call of this process: it keeps others out until it ends, or until its lease does. */
interface Probe {
  readonly term: Term;
  readonly until: number;
}

/** How a circuit that was open comes back, in this process: made when it opens. */
export class Recovery {
  probe: Probe | undefined;
  /** The failure that opened it, where it happened here. */
  cause: unknown;
  /** The state that was told last. */
  phase: CircuitState = "closed";
  /** The fleet's word that the circuit is open was heard. */
  heard = false;
  /** It is not obeyed until a failure here confirms it. */
  doubted = false;
  /** How often calls of this process tripped it, and how often its first probe after a trip succeeded. */
  trips = 0;
  needless = 0;
  /** Nobody here probes before, on the local monotonic clock: the last probe met another circuit that was open. */
  pausedUntil = 0;
  readonly #breaker: Breaker;
  #asking = false;
  #notBefore = 0;
  #drawnFor = -1;

  constructor(breaker: Breaker) {
    this.#breaker = breaker;
  }

  /** The probe's lease runs. */
  get probing(): boolean {
    return this.probe !== undefined && this.#breaker.fleet.clock.now() < this.probe.until;
  }

  /** The open time is over, or a lease is: this call may become the probe. */
  next(canWait: boolean, now: number, callTimeout: number): Term | undefined | Promise<Term | undefined> {
    const breaker = this.#breaker;
    const { replica, clock } = breaker.fleet;
    if (this.probing || now < this.pausedUntil) return undefined;
    const record = breaker.sighting()?.record ?? null;
    const unasked = replica.synchroniser.down || (breaker.entry.strikes > 0 && !this.#asking);
    if (unasked || breaker.openHereAlone) {
      return this.begin(now + leaseMs(callTimeout, lapsedWith(record)));
    }
    if (this.#asking || now < this.#earliest()) return undefined;
    this.#asking = true;
    let answered = false;
    let resolve: ((term: Term | undefined) => void) | undefined;
    write(
      replica,
      breaker.entry,
      (stamp) => this.#lease(stamp, callTimeout),
      (outcome) => {
        answered = true;
        this.#asking = false;
        if (outcome === "granted") breaker.leaseGranted();
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

  begin(until: number): Term {
    const term = this.#breaker.probeBegan();
    this.probe = { term, until };
    return term;
  }

  /** The right to probe, if the fleet gave it to this process and no call has it yet. */
  #claim(): Term | undefined {
    const breaker = this.#breaker;
    const sighting = breaker.sighting();
    if (!breaker.leaseIsOurs || this.probe !== undefined || breaker.overlay !== null || sighting === null) {
      return breaker.term.passes ? breaker.term : undefined;
    }
    return inForce(sighting, breaker.fleet.clock.now()) ? this.begin(sighting.deadline) : undefined;
  }

  #lease(stamp: Stamp, callTimeout: number): CircuitRecord | null {
    const breaker = this.#breaker;
    const sighting = breaker.sighting();
    const { overlay } = breaker;
    if (standing(sighting, overlay, breaker.fleet.clock.now()).state !== "due") return null;
    const record = sighting?.record ?? null;
    const own = overlay?.state === "half-open" ? overlay : null;
    const lapsed = Math.max(lapsedWith(record) - (own ? 1 : 0), 0);
    return leased(stamp, own && record ? { ...record, passed: own.passed } : record, {
      owner: breaker.fleet.owner,
      duration: leaseMs(callTimeout, lapsed),
      lapsed,
    });
  }

  /** Where the store has no swap, each process draws its moment once for each reopening. */
  #earliest(): number {
    const { fleet } = this.#breaker;
    const sighting = this.#breaker.sighting();
    if (fleet.replica.store.swap !== undefined || sighting === null) return 0;
    if (this.#drawnFor !== sighting.record.revision) {
      this.#drawnFor = sighting.record.revision;
      const jitter = fleet.clock.random() * ATTEMPT_JITTER * sighting.record.duration;
      this.#notBefore = sighting.record.until === 0 ? 0 : sighting.deadline + jitter;
    }
    return this.#notBefore;
  }
}

/** Leases in a row without an outcome, the one that just ran out included. */
function lapsedWith(record: CircuitRecord | null): number {
  if (record?.state !== "half-open") return 0;
  return record.lapsed + (record.owner === "" ? 0 : 1);
}

function leaseMs(callTimeout: number, lapsed: number): number {
  const first = callTimeout === 0 ? LEASE_MS : callTimeout + LEASE_MARGIN_MS;
  return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);
}
