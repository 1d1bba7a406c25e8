/// <reference lib="esnext.disposable" preserve="true" />

import { type Circuit, sourceOf } from "../api/circuit.js";
import type { Breaker } from "../breaker/breaker.js";
import type { Guard } from "../call/guard.js";
import { rejectionIn } from "../errors/failfast-error.js";
import type { Subscription } from "../events/event-types.js";
import { type Duration, milliseconds } from "../options/duration.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { type Consumer, Switch } from "./queue-switch.js";

/** How a consumer follows its circuit. */
export interface HoldOptions<A extends readonly unknown[]> {
  /**
   * Called regularly while a message waits, so that its queue gives it to nobody else: a heartbeat. If it throws, the
   * wait ends.
   */
  keep?(...args: A): unknown;
  /** How often. Default: 5 s. */
  readonly every?: Duration;
}

/** A consumer that is paused while its circuit is open. */
export interface PausedWhileOpen extends AsyncDisposable {
  /** Whether it should take no messages now. */
  readonly paused: boolean;
  /**
   * Wraps a handler of messages, for messages that are already here when the circuit opens, or that come for its probe.
   * If the circuit rejects the handler's call, the message waits, and is handled again when calls may go through.
   * Nothing fails, and nothing goes back to the queue. Calls that were made and failed still reject, and so do calls of
   * other circuits.
   */
  hold<A extends readonly unknown[], R>(
    handler: (...args: A) => Promise<R>,
    options?: HoldOptions<A>,
  ): (...args: A) => Promise<R>;
  /** For a loop that fetches messages: resolves to true when it may fetch, and to false when this is closed. */
  ready(): Promise<boolean>;
  /**
   * Stops following the circuit, and leaves the consumer as it is. Waiting messages reject with their `FailfastError`.
   */
  close(): Promise<void>;
}

/** A circuit that is due, or admits only a share of the calls, is checked again after this long, in ms. */
const SOON_MS = 100;
const EVERY_MS = 5_000;

/** A message whose call was rejected. */
interface Waiting {
  go(): void;
  fail(error: unknown): void;
}

/** A consumer and its messages, under the control of the circuit. */
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
    // So that it learns the fleet's state without a call.
    this.#breaker.session.start();
    follow();
  }

  get #breaker(): Breaker {
    return this.#guard.breaker;
  }

  /** The state that calls meet. A circuit that is switched off or in shadow mode rejects nothing. */
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

  /** Releases messages when calls may go through: all at once if the circuit is closed, one by one if it is due. */
  async #turn(error: unknown, everyMs: number, keep: (() => unknown) | undefined): Promise<void> {
    const { clock } = this.#breaker.session;
    let cancelKeep = (): void => undefined;
    // It is rejected although the circuit is closed or due: for a moment, other calls come first.
    const soon = this.#status.retryAfterMs === 0;
    let go = (): void => undefined;
    let fail = (_: unknown): void => undefined;
    const turn = new Promise<void>((resolve, reject) => {
      go = resolve;
      fail = (reason) => reject(reason ?? error);
    });
    const waiting: Waiting = { go, fail };
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
    // A waiting message is the probe, so that no new message has to be taken for it.
    if (due) first?.go();
    this.#switch.set(state === "closed" || (due && first === undefined));
    if (this.#switch.on) this.#answerReaders(true);
    if (state === "closed") return;
    // A hold without an end: its release is an event.
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
