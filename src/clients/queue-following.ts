/// <reference lib="esnext.disposable" preserve="true" />

import { type Circuit, sourceOf } from "../api/circuit.js";
import type { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import { rejectionIn } from "../errors/failfast-error.js";
import type { Subscription } from "../events/event-types.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { type Consumer, Switch } from "./queue-switch.js";

export interface HoldOptions<A extends readonly unknown[]> {
  /** Called from time to time while a message waits, so that its queue gives it to nobody else: a heartbeat. What it throws ends the wait. */
  keep?(...args: A): unknown;
  /** How often. Default: 5 s. */
  readonly every?: Duration;
}

/** A consumer that is paused while its circuit is open. */
export interface PausedWhileOpen extends AsyncDisposable {
  /** It is to take no messages now. */
  readonly paused: boolean;
  /**
   * A handler of messages, for those that are here when the circuit opens, or come for its probe: one whose call the
   * circuit rejects waits, and is handled again once the circuit may be called. Nothing fails, and nothing goes back to
   * the queue. Calls that were made and failed reject as ever; so do the calls of other circuits.
   */
  hold<A extends readonly unknown[], R>(
    handler: (...args: A) => Promise<R>,
    options?: HoldOptions<A>,
  ): (...args: A) => Promise<R>;
  /** For a loop that asks for messages: resolves to true once it may ask, and to false once this is closed. */
  ready(): Promise<boolean>;
  /** Follows the circuit no more, and leaves the consumer as it is. What is held rejects with its `FailfastError`. */
  close(): Promise<void>;
}

/** A circuit that is about to be tried, or only admits a share of the calls, is looked at again after so long, in ms. */
const SOON_MS = 100;
const EVERY_MS = 5_000;

/** A message whose call was rejected. */
interface Waiting {
  go(): void;
  fail(error: unknown): void;
}

/** A consumer and its messages, as the circuit has it. */
export class Following implements PausedWhileOpen {
  readonly #circuit: Circuit<unknown>;
  readonly #guard: Guard;
  readonly #switch: Switch;
  readonly #waiting = new Set<Waiting>();
  readonly #subscriptions: Subscription[];
  #readers: ((open: boolean) => void)[] = [];
  #cancelTimer: () => void = () => undefined;
  #closed = false;

  constructor(circuit: Circuit<unknown>, consumer: Consumer) {
    this.#circuit = circuit;
    this.#guard = sourceOf(circuit).guard();
    this.#switch = new Switch(consumer, this.#breaker.session.clock);
    const follow = (): void => this.#follow();
    const events = ["open", "half-open", "close", "hold", "release"] as const;
    this.#subscriptions = events.map((event) => circuit.on(event, follow));
    // So that it learns what the fleet knows, with no call.
    this.#breaker.session.start();
    follow();
  }

  get #breaker(): Breaker {
    return this.#guard.breaker;
  }

  /** What calls meet: nothing is rejected by one that is switched off, or only a shadow. */
  get #status(): {
    readonly state: string;
    readonly retryAfterMs: number;
    readonly held: string | undefined;
  } {
    const { enabled } = this.#guard.policy;
    const obeyed = (enabled === true || enabled()) && this.#breaker.settings.mode !== "shadow";
    return obeyed ? this.#breaker.status : { state: "closed", retryAfterMs: 0, held: undefined };
  }

  get paused(): boolean {
    return !this.#switch.on;
  }

  hold<A extends readonly unknown[], R>(
    handler: (...args: A) => Promise<R>,
    options: HoldOptions<A> = {},
  ): (...args: A) => Promise<R> {
    const { keep, every } = options;
    const everyMs = every === undefined ? EVERY_MS : milliseconds("every", every);
    return async (...args) => {
      for (;;) {
        try {
          return await handler(...args);
        } catch (error) {
          if (this.#closed || rejectionIn(error)?.circuit !== this.#circuit.name) throw error;
          await this.#turn(error, everyMs, keep && (() => keep(...args)));
        }
      }
    };
  }

  ready(): Promise<boolean> {
    if (this.#closed || this.#switch.on) return Promise.resolve(!this.#closed);
    return keepAlive(new Promise((resolve) => this.#readers.push(resolve)));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    for (const each of this.#subscriptions) each.dispose();
    for (const each of this.#waiting) each.fail(undefined);
    this.#answerReaders(false);
    return this.#switch.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Until the circuit may be called: all at once where it is closed, one after the other where it is to be tried. */
  async #turn(error: unknown, everyMs: number, keep: (() => unknown) | undefined): Promise<void> {
    const { clock } = this.#breaker.session;
    let cancelKeep = (): void => undefined;
    // It is rejected although it is closed, or due: others come first, for a moment.
    const soon = this.#status.retryAfterMs === 0;
    const its: Partial<Waiting> = {};
    const turn = new Promise<void>((go, reject) => {
      its.go = go;
      its.fail = (reason) => reject(reason ?? error);
    });
    const waiting = its as Waiting;
    const keeping = (): void => {
      cancelKeep = clock.after(everyMs, () => {
        Promise.resolve()
          .then(keep)
          .then(() => this.#waiting.has(waiting) && keeping(), waiting.fail);
      });
    };
    if (keep !== undefined) keeping();
    if (soon) clock.after(SOON_MS * (1 + clock.random()), () => waiting.go());
    this.#waiting.add(waiting);
    if (!soon) this.#follow();
    try {
      await keepAlive(turn);
    } finally {
      this.#waiting.delete(waiting);
      cancelKeep();
    }
  }

  #follow(): void {
    if (this.#closed) return;
    const { state, retryAfterMs, held } = this.#status;
    this.#cancelTimer();
    const due = state !== "closed" && retryAfterMs === 0;
    if (state === "closed") for (const each of this.#waiting) each.go();
    const [first] = this.#waiting;
    // A message that is here is the probe: none has to be taken for it.
    if (due) first?.go();
    this.#switch.set(state === "closed" || (due && first === undefined));
    if (this.#switch.on) this.#answerReaders(true);
    if (state === "closed") return;
    // A hold without an end is told of, when it ends.
    const forever = held === "open" && this.#breaker.current.hold?.untilMs === Infinity;
    if (!forever)
      this.#cancelTimer = this.#breaker.session.clock.after(Math.max(retryAfterMs, SOON_MS), () =>
        this.#follow(),
      );
  }

  #answerReaders(open: boolean): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const each of readers) each(open);
  }
}
