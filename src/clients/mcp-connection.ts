import { isTimeout } from "../call/policy.js";
import type { AbortSignalLike } from "../call/report.js";
import { isDisconnected } from "./mcp-verdict.js";

interface Connected {
  readonly transport?: unknown;
  close?(): PromiseLike<unknown>;
}

/** Whether a client is connected, and what connects it again. */
export class McpConnection {
  readonly #client: Connected;
  readonly #reconnect: (() => PromiseLike<unknown>) | undefined;
  #lost = false;
  /** Its owner has closed it, on this transport. */
  #closed: { readonly transport: unknown } | undefined;
  #connecting: Promise<void> | undefined;

  constructor(client: Connected, reconnect: (() => PromiseLike<unknown>) | undefined) {
    this.#client = client;
    this.#reconnect = reconnect;
  }

  /** A call has failed. */
  failed(error: unknown): void {
    if (isDisconnected(error)) this.#lost = true;
  }

  /** Its owner closes it. */
  closed(): void {
    this.#closed = { transport: this.#client.transport };
  }

  /** Its owner connects it, or it has answered. */
  opened(): void {
    this.#closed = undefined;
    this.#lost = false;
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

  /** Connects it again where it is not; calls that come meanwhile wait for the same connection. */
  async ready(signal: AbortSignalLike): Promise<void> {
    if (this.#reconnect === undefined || this.closedByOwner) return;
    const closed = "transport" in this.#client && !this.#hasTransport;
    if (!this.#lost && !closed && this.#connecting === undefined) return;
    const connecting = this.#connecting ?? this.#connect(this.#reconnect);
    this.#connecting = connecting;
    const forget = (): void => {
      if (this.#connecting === connecting) this.#connecting = undefined;
    };
    // One that hangs is given up with the call that waited for it too long: the next call begins anew.
    signal.addEventListener?.("abort", () => {
      if (isTimeout(signal.reason)) forget();
    });
    await connecting.finally(forget);
  }

  async #connect(reconnect: () => PromiseLike<unknown>): Promise<void> {
    // A client refuses to be connected twice.
    await Promise.resolve(this.#client.close?.()).catch(() => undefined);
    await reconnect();
    this.#lost = false;
  }
}
