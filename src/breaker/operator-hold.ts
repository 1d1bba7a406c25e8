import { announceHold, announceRelease } from "./announce.js";
import type { Breaker } from "./breaker.js";

export type Hold = "open" | "closed";

/** An operator's hold of one circuit, as it stands in this process: made with the first one. */
export class OperatorHold {
  /** How the circuit is held, if it is. */
  held: Hold | undefined;
  readonly #breaker: Breaker;
  #cancelEnd: (() => void) | undefined;

  constructor(breaker: Breaker) {
    this.#breaker = breaker;
  }

  /** When it ends, on the local monotonic clock; `Infinity` where it doesn't, 0 where there is none. */
  get deadline(): number {
    const { fleet, key } = this.#breaker;
    const sighting = fleet.replica.holds.get(key)?.sighting;
    if (!sighting || sighting.record.state === "released") return 0;
    return sighting.record.until === 0 ? Infinity : sighting.deadline;
  }

  /** Takes in what the replica says; `over` is called when its time is up. */
  settle(now: number, over: () => void): void {
    const breaker = this.#breaker;
    const record = breaker.fleet.replica.holds.get(breaker.key)?.sighting?.record;
    const { deadline } = this;
    const held =
      record !== undefined && record.state !== "released" && now < deadline ? record.state : undefined;
    if (held === this.held) return;
    this.held = held;
    this.end();
    if (held === undefined) {
      announceRelease(breaker, record);
      return;
    }
    if (deadline !== Infinity) this.#cancelEnd = breaker.fleet.clock.after(deadline - now, over);
    if (record) announceHold(breaker, record, held);
  }

  end(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
  }
}
