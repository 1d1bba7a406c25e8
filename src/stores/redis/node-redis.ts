import { CONNECT_WITHIN, type Connection, type Link, type LinkEvents, notReady } from "./connection.js";

/** What the store uses of a client that node-redis's `createClient()` makes. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly options?:
    | {
        /** A text, or the bytes of one. */
        readonly keyPrefix?: unknown;
        readonly database?: number | undefined;
        readonly socket?: object | undefined;
      }
    | undefined;
  sendCommand(args: readonly string[], options?: { readonly typeMapping?: object }): Promise<unknown>;
  /** Only a client of one connection can select a database: a cluster's, a sentinel's and a pool can't. */
  select(database: number): Promise<unknown>;
  duplicate(overrides?: object): unknown;
}

interface Subscriber {
  on(event: string, listener: (error: unknown) => void): unknown;
  unref(): void;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  ping(): Promise<unknown>;
  destroy(): void;
}

export function isNodeRedis(client: object): client is NodeRedisClient {
  const { isReady, sendCommand, select, duplicate } = client as Partial<NodeRedisClient>;
  return (
    typeof isReady === "boolean" &&
    [sendCommand, select, duplicate].every((verb) => typeof verb === "function")
  );
}

export function nodeRedis(client: NodeRedisClient): Connection {
  const { database = 0 } = client.options ?? {};
  const keyPrefix = String(client.options?.keyPrefix ?? "");
  return {
    keyPrefix,
    database,
    async send(head, keys = [], tail = []) {
      if (!client.isReady) {
        throw client.isOpen
          ? notReady("it is connecting", "it goes on by itself once Redis answers")
          : notReady("it is closed", "await client.connect() first");
      }
      // Strings, even where the caller's client was told to give Buffers.
      return client.sendCommand([...head, ...keys.map((key) => keyPrefix + key), ...tail], {
        typeMapping: {},
      });
    },
    subscribe: (channel, on) => subscribe(client, channel, on),
  };
}

function subscribe(client: NodeRedisClient, channel: string, on: LinkEvents): Link {
  const subscriber = client.duplicate({
    // Who reconnects is the subscription: the client's own timers would keep the process alive.
    socket: {
      ...client.options?.socket,
      reconnectStrategy: false,
      connectTimeout: CONNECT_WITHIN,
      socketTimeout: undefined,
    },
    disableOfflineQueue: true,
    pingInterval: 0,
    maintNotifications: "disabled",
    // A cache shared with the caller's client would be flushed whenever this connection ends.
    clientSideCache: undefined,
    emitInvalidate: false,
  }) as Subscriber;

  let destroyed = false;
  const destroy = (): void => {
    destroyed = true;
    try {
      subscriber.destroy();
    } catch {
      // It was closed already, which some versions mind.
    }
  };
  subscriber.on("error", on.lost);
  subscriber.on("end", () => on.lost(new Error("the connection was closed")));
  // The client forgets a destroy() that comes before its socket has connected.
  subscriber.on("connect", () => {
    if (destroyed) destroy();
  });
  subscriber.unref();
  subscriber
    .connect()
    .then(() => subscriber.subscribe(channel, on.message))
    .then(on.live, on.lost);
  return { ping: () => subscriber.ping(), destroy };
}
