import type { Awaitable } from "../../options/store.js";
import { LIVE_WITHIN, type Link, type LinkEvents } from "../shared/link.js";

/**
 * What the store needs from a Redis client, whatever its library. Commands use the caller's own connections, which are
 * never configured, closed or owned. Only a subscription has a connection of its own.
 */
export interface Connection {
  /** The prefix that the client itself puts before every key; `send` adds it. */
  readonly keyPrefix: string;
  /** All keys of one script must be in one slot. */
  readonly cluster: boolean;
  /** The database that commands go to, if known. Publishing ignores databases, so the channel has to contain it. */
  readonly database: number;
  /** Asks which database it is, if only the server knows. Every command asks again: a client may select another. */
  learnDatabase(): Awaitable<unknown>;
  /**
   * Runs one command on a master: its name, its keys, the rest. Rejects at once if the client isn't ready, because its
   * offline queue would fill up while Redis is away, and be sent too late.
   */
  send(head: readonly string[], keys: readonly string[], tail: readonly string[]): Promise<unknown>;
  /** Opens a connection of its own, which never keeps the process alive, and subscribes to the channel. */
  subscribe(channel: string, on: SubscriberEvents): Link;
}

export interface SubscriberEvents extends LinkEvents {
  message(text: string): void;
}

/** How long it may take to make a connection, in ms. */
export const CONNECT_WITHIN: number = LIVE_WITHIN;

export function notReady(state: string, remedy: string): Error {
  return new Error(`the Redis client is not ready (${state}), nothing was sent: ${remedy}`);
}
