import { systemClock } from "../../platform.js";
import { CONNECT_WITHIN, type Connection, type Link, type LinkEvents, notReady } from "./connection.js";

/** What the store uses of an ioredis or iovalkey client (`new Redis()`), with Sentinels or without. */
export interface IoredisClient {
  readonly status: string;
  readonly options: { readonly keyPrefix?: string | undefined; readonly db?: number | undefined };
  call(command: string, ...args: string[]): Promise<unknown>;
  once(event: string, listener: () => void): unknown;
  duplicate(overrides?: object): unknown;
}

interface Subscriber {
  readonly stream?: { unref?(): void };
  on(event: string, listener: (first: unknown, second: string) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  ping(): Promise<unknown>;
  disconnect(): void;
}

export function isIoredis(client: object): client is IoredisClient {
  const { status, call, once, duplicate } = client as Partial<IoredisClient>;
  const { isCluster } = client as { isCluster?: boolean };
  return (
    typeof status === "string" &&
    [call, once, duplicate].every((verb) => typeof verb === "function") &&
    !isCluster
  );
}

export function ioredis(client: IoredisClient): Connection {
  const starting = firstConnection(client);
  return {
    keyPrefix: client.options.keyPrefix ?? "",
    database: client.options.db ?? 0,
    async send([command = "", ...head], keys = [], tail = []) {
      // What connects a client made with `lazyConnect` is a command: one that may be late in its queue.
      if (client.status === "wait") client.call("ping").catch(() => {});
      if (client.status !== "ready") await starting;
      if (client.status === "ready") return client.call(command, ...head, ...keys, ...tail);
      throw notReady(
        `its status is "${client.status}"`,
        client.status === "end"
          ? "it was closed or gave up; connect() it"
          : "it goes on by itself once Redis answers",
      );
    },
    subscribe: (channel, on) => subscribe(client, channel, on),
  };
}

/**
 * `new Redis()` gives a client that is still connecting, and usable at once: the first commands wait here
 * until it has connected or has failed to. Nothing ever waits for it again.
 */
async function firstConnection(client: IoredisClient): Promise<void> {
  if (!["wait", "connecting", "connect"].includes(client.status)) return;
  await new Promise<void>((resolve) => {
    for (const outcome of ["ready", "close", "end"]) client.once(outcome, resolve);
  });
}

function subscribe(client: IoredisClient, channel: string, on: LinkEvents): Link {
  const subscriber = client.duplicate({
    lazyConnect: true,
    // Who reconnects is the subscription: the client's own timers would keep the process alive, and it
    // says "ready" before it has subscribed again.
    retryStrategy: null,
    reconnectOnError: null,
    sentinelRetryStrategy: null,
    failoverDetector: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    connectTimeout: CONNECT_WITHIN,
    disconnectTimeout: 1,
    commandTimeout: undefined,
    socketTimeout: undefined,
  }) as Subscriber;

  const unref = (): void => subscriber.stream?.unref?.();
  subscriber.on("error", on.lost);
  subscriber.on("end", () => on.lost(new Error("the connection was closed")));
  subscriber.on("message", (_channel, message) => on.message(message));
  subscriber.on("connect", unref);
  subscriber
    .connect()
    .then(() => subscriber.subscribe(channel))
    .then(on.live, on.lost);
  // The socket is there a moment after connect() was called, and may then be connecting for long.
  systemClock.after(0, unref);
  return { ping: () => subscriber.ping(), destroy: () => subscriber.disconnect() };
}
