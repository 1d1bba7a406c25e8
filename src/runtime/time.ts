import { platform, requestsApart } from "./platform.js";

const A_YEAR_MS = 365 * 86_400_000;

/**
 * A monotonic clock that follows a test framework's fake time.
 *
 * Frameworks replace and restore `Date`, `performance` and `setTimeout` while this library is loaded, and not always
 * all three: node:test leaves `performance` alone, `vi.setSystemTime()` moves only `Date`. So they are looked up at
 * each reading, and if `Date.now` is not the runtime's own, the time follows it. Whatever is replaced, the readings
 * continue from where they were.
 */
export function now(): number {
  if (Date.now !== dateNow || platform.performance !== performance || performance?.now !== exactNow)
    changeSource();
  const moment = exact();
  if (faked) {
    const date = Date.now();
    // Under real timers a replaced `Date` may stand still while real time passes.
    last += Math.max(0, date - lastDate, platform.setTimeout === realSetTimeout ? moment - lastExact : 0);
    lastDate = date;
    lastExact = moment;
  } else {
    // Fake time that can't be detected (Bun's) begins at zero; a wall clock may be set back.
    if (moment + shift < last) shift = last - moment;
    last = moment + shift;
  }
  return last;
}

/**
 * Whether the reading of the last tick is no use. Fake time may have moved without a timer, which can't be detected in
 * Bun; and on Cloudflare's workers the ticker ends with its request.
 */
export function exactOnly(): boolean {
  return faked || Date.now !== dateNow || unreliable;
}

const unreliable = platform.Bun !== undefined || requestsApart;

/** The wall clock, for runtimes without `performance`. */
const exact = (): number => (performance ?? Date).now();

const realSetTimeout = platform.setTimeout;
let dateNow = Date.now;
let { performance } = platform;
let exactNow = performance?.now;
let faked = isFake(dateNow);
let shift = 0;
let last = exact();
let lastExact = last;
let lastDate = Date.now();

/** The functions that tell the time have been replaced since the last reading. */
function changeSource(): void {
  const readDate = dateNow;
  const wasFaked = faked;
  const reached = faked ? last : (Reflect.apply(exactNow ?? dateNow, performance, []) as number) + shift;
  dateNow = Date.now;
  performance = platform.performance;
  exactNow = performance?.now;
  faked = isFake(dateNow);
  lastDate = Date.now();
  lastExact = exact();
  shift = reached - lastExact;
  // Whole ms from here on, like the steps of fake time.
  last = faked ? Math.ceil(reached) : reached;
  // It may have been moved before this reading. Fake time begins with the real date, exact to the ms, or, with
  // node:test, with the epoch.
  if (faked && !wasFaked) last += lastDate < A_YEAR_MS ? lastDate : Math.max(0, lastDate - readDate() + 1);
}

/** Runtimes write theirs in native code. */
function isFake(read: () => number): boolean {
  return !Function.prototype.toString.call(read).includes("[native code]");
}
