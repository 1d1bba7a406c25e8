import { LIVE_WITHIN, type Link, type LinkEvents } from "../shared/link.js";
import type { Awaitable } from "../store.js";

/**
 * What the store needs of a Redis client, whichever library it comes from. Commands go to the caller's own
 * connections, which are never configured, closed or owned; only a subscription has a connection of its own.
 */
export interface Connection {
  /** What every key begins with by the client's own configuration; `send` puts it there. */
  readonly keyPrefix: string;
  /** The keys of one script must be in one slot. */
  readonly cluster: boolean;
  /** The database that commands go to, as far as is known: publishing knows none, so the channel has to. */
  readonly database: number;
  /** Asks which it is, where only the server knows. Every command asks again: a client may select another. */
  learnDatabase(): Awaitable<unknown>;
  /**
   * Runs one command on a master: its head, its keys, the rest. Rejects at once when the client isn't ready: its
   * offline queue would fill up while Redis is away, and be written too late.
   */
  send(head: readonly string[], keys: readonly string[], tail: readonly string[]): Promise<unknown>;
  /** Opens a connection of its own, which never keeps the process alive, and subscribes to the channel. */
  subscribe(channel: string, on: SubscriberEvents): Link;
}

export interface SubscriberEvents extends LinkEvents {
  message(text: string): void;
}

/** How long a connection may take to be made, in ms. */
export const CONNECT_WITHIN: number = LIVE_WITHIN;

export function notReady(state: string, remedy: string): Error {
  return new Error(`the Redis client is not ready (${state}), nothing was sent: ${remedy}`);
}
