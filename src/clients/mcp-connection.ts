import { follow, type ListeningSignal } from "../call/follow.js";
import { type CallerSignal, isTimeout } from "../call/policy.js";
import { isDisconnected } from "./mcp-verdict.js";

interface Connected {
  readonly transport?: unknown;
  close?(): PromiseLike<unknown>;
}

/** The client is being connected again. */
interface Attempt {
  readonly done: Promise<void>;
  /** How many calls wait for it. */
  waiting: number;
}

/** Whether a client is connected, and what connects it again. */
export class McpConnection {
  readonly #client: Connected;
  readonly #reconnect: (() => PromiseLike<unknown>) | undefined;
  #lost = false;
  /** Its owner has closed it, on this transport. */
  #closed: { readonly transport: unknown } | undefined;
  #attempt: Attempt | undefined;
  /** Which connection it is. What a call on one before has come to says nothing of it. */
  #epoch = 0;

  constructor(client: Connected, reconnect: (() => PromiseLike<unknown>) | undefined) {
    this.#client = client;
    this.#reconnect = reconnect;
  }

  /** A call has failed. */
  failed(error: unknown, epoch: number): void {
    if (epoch === this.#epoch && isDisconnected(error)) this.#lost = true;
  }

  /** A call has been answered. */
  answered(epoch: number): void {
    if (epoch === this.#epoch) this.#lost = false;
  }

  /** Its owner closes it. */
  closed(): void {
    this.#closed = { transport: this.#client.transport };
  }

  /** Its owner connects it. */
  opened(): void {
    this.#closed = undefined;
    this.#lost = false;
    this.#epoch += 1;
  }

  /** Whether its calls end because its owner has closed it, and not connected it since: no fault of the server's. */
  get closedByOwner(): boolean {
    if (this.#closed === undefined) return false;
    return !this.#hasTransport || this.#client.transport === this.#closed.transport;
  }

  get #hasTransport(): boolean {
    const { transport } = this.#client;
    return transport !== undefined && transport !== null;
  }

  /**
   * Connects it again where it is not; calls that come meanwhile wait for the same connection.
   *
   * @returns which connection it is.
   */
  async ready(signal: CallerSignal & ListeningSignal): Promise<number> {
    if (this.#reconnect === undefined || this.closedByOwner) return this.#epoch;
    const closed = "transport" in this.#client && !this.#hasTransport;
    if (!this.#lost && !closed && this.#attempt === undefined) return this.#epoch;
    if (signal.aborted) throw signal.reason;
    const attempt = this.#attempt ?? this.#begin(this.#reconnect);
    attempt.waiting += 1;
    await new Promise<void>((resolve, reject) => {
      const ceased = follow(signal, () => {
        attempt.waiting -= 1;
        // One that hangs is given up with the call that waited for it too long, and with the last that gives up: the
        // next call begins anew.
        if (attempt.waiting === 0 || isTimeout(signal.reason)) this.#forget(attempt);
        reject(signal.reason);
      });
      void attempt.done.then(resolve, reject).finally(() => ceased(undefined));
    });
    return this.#epoch;
  }

  #begin(reconnect: () => PromiseLike<unknown>): Attempt {
    const attempt: Attempt = { done: this.#connect(reconnect), waiting: 0 };
    const over = (): void => this.#forget(attempt);
    attempt.done.then(over, over);
    this.#attempt = attempt;
    return attempt;
  }

  #forget(attempt: Attempt): void {
    if (this.#attempt === attempt) this.#attempt = undefined;
  }

  async #connect(reconnect: () => PromiseLike<unknown>): Promise<void> {
    const closed = this.#closed;
    const isClosedMeanwhile = (): boolean => this.#closed !== undefined && this.#closed !== closed;
    this.#lost = true;
    // A client refuses to be connected twice.
    await this.#closeClient();
    if (!isClosedMeanwhile()) {
      try {
        await reconnect();
      } finally {
        if (isClosedMeanwhile()) {
          await this.#closeClient();
          this.closed();
        }
      }
    }
    if (isClosedMeanwhile()) throw new Error("the client was closed while it was being connected again");
    this.#epoch += 1;
    this.#lost = false;
  }

  async #closeClient(): Promise<void> {
    await Promise.resolve(this.#client.close?.()).catch(() => undefined);
  }
}
