import { platform, requestsApart } from "./platform.js";

const A_YEAR_MS = 365 * 86_400_000;

/** Fake time may have moved without a timer, which can't be detected in Bun; on Workers the ticker ends with its request. */
const ticksAreUnreliable = platform.Bun !== undefined || requestsApart;

/**
 * A monotonic clock that follows a test framework's fake time.
 *
 * Frameworks replace and restore `Date`, `performance` and `setTimeout` while this library is loaded, and not always
 * all three: node:test leaves `performance` alone, `vi.setSystemTime()` moves only `Date`. So they are looked up at
 * each reading, and if `Date.now` is not the runtime's own, the time follows it. Whatever is replaced, the readings
 * continue from where they were.
 */
class RuntimeTime {
  readonly #realSetTimeout = platform.setTimeout;
  #dateNow = Date.now;
  #source = sourceNow();
  #read = this.#source.now;
  #faked = isFake(this.#dateNow);
  /** `Date.now`, while the readings of ticks are of use. */
  #tickedBy = this.#ticks;
  #shift = 0;
  #last = this.#source.now();
  #lastExact = this.#last;
  #lastDate = Date.now();

  now(): number {
    const source = sourceNow();
    if (Date.now !== this.#dateNow || source !== this.#source || source.now !== this.#read)
      this.#changeSource();
    const moment = this.#source.now();
    if (this.#faked) this.#followDate(moment);
    else {
      // Fake time that can't be detected (Bun's) begins at zero; a wall clock may be set back.
      if (moment + this.#shift < this.#last) this.#shift = this.#last - moment;
      this.#last = moment + this.#shift;
    }
    return this.#last;
  }

  /** Apart from `now`, which is small enough like this for V8 to put it in the place of its calls. */
  #followDate(moment: number): void {
    const date = Date.now();
    // Under real timers a replaced `Date` may stand still while real time passes.
    const passed = platform.setTimeout === this.#realSetTimeout ? moment - this.#lastExact : 0;
    this.#last += Math.max(0, date - this.#lastDate, passed);
    this.#lastDate = date;
    this.#lastExact = moment;
  }

  /** Whether the reading of the last tick is no use. */
  get exactOnly(): boolean {
    return Date.now !== this.#tickedBy;
  }

  get #ticks(): (() => number) | undefined {
    return this.#faked || ticksAreUnreliable ? undefined : this.#dateNow;
  }

  /** The functions that tell the time have been replaced since the last reading. */
  #changeSource(): void {
    const readDate = this.#dateNow;
    const wasFaked = this.#faked;
    const reached = wasFaked
      ? this.#last
      : (Reflect.apply(this.#read, this.#source, []) as number) + this.#shift;
    this.#dateNow = Date.now;
    this.#source = sourceNow();
    this.#read = this.#source.now;
    this.#faked = isFake(this.#dateNow);
    this.#tickedBy = this.#ticks;
    this.#lastDate = Date.now();
    this.#lastExact = this.#source.now();
    this.#shift = reached - this.#lastExact;
    // Whole ms from here on, like the steps of fake time.
    this.#last = this.#faked ? Math.ceil(reached) : reached;
    if (!this.#faked || wasFaked) return;
    // It may have been moved before this reading. Fake time begins with the real date, exact to the ms, or, with
    // node:test, with the epoch.
    this.#last += this.#lastDate < A_YEAR_MS ? this.#lastDate : Math.max(0, this.#lastDate - readDate() + 1);
  }
}

/** Runtimes without `performance` have the wall clock. */
const sourceNow = (): { now(): number } => platform.performance ?? Date;

/** Runtimes write theirs in native code. */
function isFake(read: () => number): boolean {
  return !Function.prototype.toString.call(read).includes("[native code]");
}

/** The one that this process has. */
export const time: RuntimeTime = new RuntimeTime();
