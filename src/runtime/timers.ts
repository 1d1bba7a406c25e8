import { detached } from "./detached.js";
import { platform } from "./platform.js";
import { time } from "./time.js";

/** A longer timer, of some 25 days, would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
/** If none of our timers fired for this long, in ms, some may have been lost: the ticker alone fires more often. */
const SILENCE_MS = 1_000;

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** Timers that outlive the call that started them. */
const lasting = new Set<Timer>();
let heard = Infinity;

/**
 * Calls `run` once after `ms`, outside every async context; never keeps the process alive. Returns a function that
 * cancels it.
 *
 * @param ofCall it is useful only for the current call, so that it may end with the request on runtimes that end timers so.
 */
export function after(ms: number, run: () => void, ofCall: boolean): () => void {
  if (ofCall) return arm(ms, run);
  const moment = time.now();
  const timer: Timer = { due: moment + ms, run };
  if (lasting.size === 0) heard = moment;
  lasting.add(timer);
  const cancel = arm(ms, () => fire(timer));
  return () => {
    lasting.delete(timer);
    cancel();
  };
}

/**
 * Checks whether timers were lost, each time the clock is read. Some runtimes end timers with the request in which they
 * were made, and a test framework drops its fake ones when its fake time ends. Overdue timers fire soon after that.
 */
export function recoverTimers(moment: number): void {
  if (moment - heard <= SILENCE_MS || lasting.size === 0) return;
  heard = moment;
  // Timers that are only late, because the process was blocked, fire before this one.
  arm(0, () => {
    const overdue = [...lasting].filter(({ due }) => due <= time.now());
    for (const timer of overdue.sort((one, other) => one.due - other.due)) fire(timer);
  });
}

function fire(timer: Timer): void {
  if (!lasting.delete(timer)) return;
  heard = time.now();
  timer.run();
}

/** `clearTimeout` is read together with `setTimeout`: a test framework may replace both before the timer is cancelled. */
function arm(ms: number, run: () => void): () => void {
  const { clearTimeout } = platform;
  const timer = detached(() => platform.setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_MS)));
  if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
  return () => clearTimeout(timer);
}
