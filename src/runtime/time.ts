import { platform, requestsApart } from "./platform.js";

const A_YEAR_MS = 365 * 86_400_000;

/**
 * A monotonic clock that a test framework's fake time moves.
 *
 * Frameworks replace and restore `Date`, `performance` and `setTimeout` while this library is loaded, not always all
 * three: node:test leaves `performance` alone, `vi.setSystemTime()` moves `Date` only. So they are looked up at each
 * reading, and where `Date.now` is not the runtime's own, time passes as that one says. Whatever is replaced, the
 * readings go on from where they were.
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
    // Fake time that can't be seen (Bun's) begins at zero; a wall clock may be set back.
    if (moment + shift < last) shift = last - moment;
    last = moment + shift;
  }
  return last;
}

/**
 * Whether a reading taken at the last tick won't do: fake time may have moved without a timer, which in Bun can't be
 * seen; and on Cloudflare's workers the ticker ends with its request.
 */
export function exactOnly(): boolean {
  return faked || Date.now !== dateNow || unreliable;
}

const unreliable = platform.Bun !== undefined || requestsApart;

/** Where the runtime has no `performance`, its wall clock. */
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

/** The functions that tell the time are other ones than at the last reading. */
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
  // Whole ms from here on, as those that fake time is moved by.
  last = faked ? Math.ceil(reached) : reached;
  // It may have been moved before this reading. It begins with the real date, known to the ms, or with the
  // epoch, as node:test has it.
  if (faked && !wasFaked) last += lastDate < A_YEAR_MS ? lastDate : Math.max(0, lastDate - readDate() + 1);
}

/** Runtimes write theirs in native code. */
function isFake(read: () => number): boolean {
  return !Function.prototype.toString.call(read).includes("[native code]");
}
