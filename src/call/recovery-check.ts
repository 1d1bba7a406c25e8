import type { Admission } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import { isProbe } from "../breaker/outcome.js";
import type { Check } from "../breaker/shell.js";
import type { HandleOptions } from "../options/options.js";
import { atMost } from "../runtime/at-most.js";
import { type CallerSignal, type CallPolicy, makeCallPolicy } from "./call-policy.js";
import { Deadline } from "./deadline.js";
import { type Controller, makeController } from "./follow.js";
import { Guard } from "./guard.js";

/** How long a check may take, in ms. */
const CHECK_MS = 10_000;
/** After this time, in ms, a check without a result is repeated. */
const AGAIN_MS = 1_000;
/** How long `stop` waits for the lease that a check has requested, in ms. */
const STOP_MS = 500;
/**
 * The processes of a fleet ask for the lease spread over this share of the open time, and over this many ms at most.
 */
const SPREAD = 0.1;
const LONGEST_SPREAD_MS = 1_000;

/** A check that asks for the lease, or runs. */
interface Attempt {
  readonly controller: Controller;
  /** The admission that it runs under. */
  admission?: Admission;
  /** It has reported how the backend is. */
  answered?: true;
}

/**
 * Calls the circuit's own check when the open time is over: in the background, in one process of the fleet, as its
 * probe. There is a timer while the circuit is open, and none while it is closed or held.
 */
export class CheckRunner implements Check {
  readonly #breaker: Breaker;
  #policy: CallPolicy = makeCallPolicy({});
  readonly #guard: Guard;
  #cancel: (() => void) | undefined;
  /** When the timer would fire without the spread. */
  #dueMs = Infinity;
  #attempt: Attempt | undefined;
  #over: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(breaker: Breaker) {
    this.#breaker = breaker;
    this.#guard = new Guard(breaker, {
      enabled: true,
      returns: "promise",
      results: isUnwell,
      fallback: undefined,
      coversFailures: false,
      callTimeout: CHECK_MS,
      idleTimeout: 0,
      judge: (error, signal) => (this.#policy.judge(error, signal) === "neither" ? "neither" : "failure"),
    });
  }

  get enabled(): boolean {
    const { enabled } = this.#policy;
    return this.#isGiven && (enabled === true || enabled());
  }

  get #isGiven(): boolean {
    const { session, settings } = this.#breaker;
    return !this.#stopped && !session.replica.synchroniser.closed && settings.check !== undefined;
  }

  judgeBy(options: HandleOptions): void {
    this.#policy = makeCallPolicy(options);
  }

  follow(): void {
    const { status, session } = this.#breaker;
    const { state, held, retryAfterMs } = status;
    if (state === "closed" || held !== undefined || !this.#isGiven) {
      this.#setTimer(Infinity);
      this.#abort();
      return;
    }
    const { admission } = this.#attempt ?? {};
    // Something else ended its probe.
    if (admission !== undefined && !isProbe(this.#breaker, admission)) this.#abort();
    if (this.#attempt === undefined) this.#setTimer(session.lookedAt + (retryAfterMs || AGAIN_MS));
  }

  async stop(): Promise<void> {
    const attempt = this.#attempt;
    this.#stopped = true;
    this.follow();
    if (attempt === undefined) return;
    if (attempt.admission !== undefined) await this.#over;
    // The lease that it waits for is given back when it arrives, unless that takes too long.
    else await atMost(this.#breaker.session.clock, STOP_MS, this.#over);
  }

  /** An earlier timer stays: it looks again. */
  #setTimer(dueMs: number): void {
    if (dueMs >= this.#dueMs && dueMs !== Infinity) return;
    this.#cancel?.();
    this.#dueMs = dueMs;
    if (dueMs === Infinity) return;
    const { session, settings } = this.#breaker;
    const { clock, lookedAt } = session;
    const spreadMs = clock.random() * Math.min(SPREAD * settings.openMs, LONGEST_SPREAD_MS);
    this.#cancel = clock.after(dueMs - lookedAt + spreadMs, () => {
      this.#dueMs = Infinity;
      this.#over = this.#try().finally(() => this.follow());
    });
  }

  #abort(): void {
    if (this.#attempt?.answered === undefined)
      this.#attempt?.controller.abort(new Error("the check is of no more use"));
  }

  async #try(): Promise<void> {
    const breaker = this.#breaker;
    if (!this.enabled) return;
    const attempt: Attempt = { controller: makeController() };
    this.#attempt = attempt;
    try {
      const admission = await breaker.enter(true, CHECK_MS, true);
      if (admission?.kind !== "probe") return;
      attempt.admission = admission;
      if ((attempt.controller.signal as CallerSignal).aborted) breaker.released(admission);
      else await this.#run(attempt, admission);
    } catch {
      // The circuit already has the result.
    } finally {
      this.#attempt = undefined;
    }
  }

  async #run(attempt: Attempt, admission: Admission): Promise<void> {
    const { name, session, settings, current } = this.#breaker;
    const signal = attempt.controller.signal as CallerSignal;
    const leaseMs = current.probe.kind === "running" ? current.probe.untilMs - session.look() : CHECK_MS;
    const { clock } = session;
    // It belongs to no request. Some runtimes end timers with the current request; this one must go on.
    const lasting = { now: () => clock.now(), after: (ms: number, run: () => void) => clock.after(ms, run) };
    const deadline = new Deadline(lasting, Math.min(CHECK_MS, leaseMs), signal);
    const check = async (): Promise<unknown> => {
      try {
        return await settings.check?.(deadline.signal as never, name);
      } finally {
        attempt.answered = true;
      }
    };
    await this.#guard.perform(check, undefined, [], admission, signal, deadline);
  }
}

/**
 * `false`, or a `Response` that is not `ok`. Nobody reads the response's body, so it is cancelled to free the
 * connection.
 */
function isUnwell(answer: unknown): boolean {
  const { ok, status, body } = (answer ?? {}) as Answer;
  if (typeof status === "number") void body?.cancel?.()?.catch?.(() => undefined);
  return answer === false || (ok === false && typeof status === "number");
}

interface Answer {
  readonly ok?: unknown;
  readonly status?: unknown;
  readonly body?: { cancel?(): Promise<unknown> | undefined } | null;
}
