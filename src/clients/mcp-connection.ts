import { type CallerSignal, isTimeout } from "../call/call-policy.js";
import { follow, type ListeningSignal } from "../call/follow.js";
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

/** Knows whether a client is connected, and connects it again. */
export class McpConnection {
  readonly #client: Connected;
  readonly #reconnect: (() => PromiseLike<unknown>) | undefined;
  #lost = false;
  /** Its owner closed it while it had this transport. */
  #closed: { readonly transport: unknown } | undefined;
  #attempt: Attempt | undefined;
  /** Numbers the connections. The outcome of a call on an earlier one says nothing about the present one. */
  #epoch = 0;

  constructor(client: Connected, reconnect: (() => PromiseLike<unknown>) | undefined) {
    this.#client = client;
    this.#reconnect = reconnect;
  }

  /** A call has failed. */
  failed(error: unknown, epoch: number): void {
    if (epoch === this.#epoch && isDisconnected(error)) this.#lost = true;
  }

  /** A call was answered. */
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

  /**
   * Whether its calls end because its owner closed it and has not connected it since. That is no fault of the server.
   */
  get closedByOwner(): boolean {
    if (this.#closed === undefined) return false;
    return !this.#hasTransport || this.#client.transport === this.#closed.transport;
  }

  get #hasTransport(): boolean {
    const { transport } = this.#client;
    return transport !== undefined && transport !== null;
  }

  /**
   * Connects it again if it is not connected. Calls that come meanwhile wait for the same connection.
   *
   * @returns the number of the connection.
   */
  async ready(signal: CallerSignal & ListeningSignal): Promise<number> {
    if (this.#reconnect === undefined || this.closedByOwner) return this.#epoch;
    const closed = "transport" in this.#client && !this.#hasTransport;
    if (!this.#lost && !closed && this.#attempt === undefined) return this.#epoch;
    if (signal.aborted) throw signal.reason;
    const attempt = this.#attempt ?? this.#begin(this.#reconnect);
    attempt.waiting += 1;
    await new Promise<void>((resolve, reject) => {
      const unfollow = follow(signal, () => {
        attempt.waiting -= 1;
        // A connection that hangs is given up when the last call that waits for it gives up. The next call connects
        // again.
        if (attempt.waiting === 0 || isTimeout(signal.reason)) this.#forget(attempt);
        reject(signal.reason);
      });
      void attempt.done.then(resolve, reject).finally(() => unfollow(undefined));
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
    // A client refuses a second connect.
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
