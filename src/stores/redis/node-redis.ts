import { systemClock } from "../../runtime/system-clock.js";
import type { Link } from "../shared/link.js";
import { CONNECT_WITHIN, type Connection, notReady, type SubscriberEvents } from "./connection.js";
import { slotOf } from "./slot.js";

/** The part that the store uses of a client made by node-redis's `createClient()`. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly options?:
    | {
        readonly database?: number | undefined;
        readonly socket?: object | undefined;
        readonly legacyMode?: boolean | undefined;
      }
    | undefined;
  sendCommand(args: readonly string[], options?: { readonly typeMapping?: object }): Promise<unknown>;
  /** Only a client with one connection can select a database. */
  select(database: number): Promise<unknown>;
  duplicate(overrides?: object): unknown;
}

/** The part of `createClientPool()` that the store uses; it lends its clients. */
export interface NodeRedisPool {
  readonly isOpen: boolean;
  execute(use: never): Promise<unknown>;
}

/** The part of `createSentinel()` that the store uses; it lends a client of the current master. */
export interface NodeRedisSentinel {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  getMasterNode(): unknown;
  _execute(isReadonly: boolean | undefined, use: never): Promise<unknown>;
}

/** The part of `createCluster()` that the store uses. */
export interface NodeRedisCluster {
  readonly isOpen: boolean;
  readonly masters: readonly object[];
  nodeClient(node: never): Promise<unknown>;
  /** By their numbers. */
  readonly slots: readonly {
    readonly master?: { readonly client?: { readonly isReady: boolean } | undefined } | undefined;
  }[];
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
    options?: { readonly typeMapping?: object },
  ): Promise<unknown>;
}

/** Runs one task with a client of one connection to a master. */
type Lend = <T>(use: (client: NodeRedisClient) => Promise<T>) => Promise<T>;
type Client = NodeRedisClient | NodeRedisPool | NodeRedisSentinel | NodeRedisCluster;

interface Subscriber {
  on(event: string, listener: (error: unknown) => void): unknown;
  unref(): void;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  ping(): Promise<unknown>;
  destroy(): void;
}

/** The connection, if it is a node-redis client, recognised by its methods. */
export function nodeRedis(client: object): Connection | undefined {
  const can = (...verbs: string[]): boolean =>
    verbs.every((verb) => typeof (client as Record<string, unknown>)[verb] === "function");

  if (can("sendCommand", "select", "duplicate")) {
    const one = client as NodeRedisClient;
    if (one.options?.legacyMode)
      throw new TypeError(
        "redisStore() takes no client of node-redis 4 in its legacyMode, whose answers go to callbacks; " +
          "give it one without: await client.duplicate({ legacyMode: false }).connect()",
      );
    return connection(one, (use) => use(one), true);
  }
  if (can("nodeClient", "sendCommand")) return cluster(client as NodeRedisCluster);
  if (can("getMasterNode", "_execute")) {
    const sentinel = client as NodeRedisSentinel;
    return connection(sentinel, ((use) => sentinel._execute(false, use as never)) as Lend);
  }
  if (can("execute", "sendCommand")) {
    const pool = client as NodeRedisPool;
    return connection(pool, ((use) => pool.execute(use as never)) as Lend);
  }
  return undefined;
}

function connection(owner: Client, lend: Lend, selects = false): Connection {
  const keyPrefix = prefixOf(owner);
  let known: number | undefined;
  let asks = selects;
  /** Only the client knows which database it has selected, and it doesn't tell. */
  const ask = async (client: NodeRedisClient): Promise<void> => {
    known ??= client.options?.database ?? 0;
    if (!asks || !client.isReady) return;
    try {
      const [, database] =
        / db=(\d+)/.exec(String(await client.sendCommand(["client", "info"], STRINGS))) ?? [];
      known = Number(database ?? known);
    } catch (error) {
      // Redis 6.2 can tell, but a user may lack the right to ask. In that case it is the database of the client's
      // options.
      if (error instanceof Error && /^(ERR|NOPERM)/.test(error.message)) asks = false;
    }
  };
  return {
    keyPrefix,
    cluster: false,
    get database() {
      return known ?? 0;
    },
    learnDatabase: () => known ?? lend(ask),
    async send(head, keys, tail) {
      checkOpen(owner);
      return lend(async (client) => {
        if (!client.isReady) throw notReady("it is connecting", "it goes on by itself once Redis answers");
        void ask(client);
        return client.sendCommand([...head, ...keys.map((key) => keyPrefix + key), ...tail], STRINGS);
      });
    },
    subscribe: (channel, on) => subscribe(lend, channel, on),
  };
}

function cluster(owner: NodeRedisCluster): Connection {
  const keyPrefix = prefixOf(owner);
  const first = firstConnections(owner);
  return {
    keyPrefix,
    cluster: true,
    database: 0,
    learnDatabase: () => undefined,
    async send(head, keys, tail) {
      checkOpen(owner);
      const stored = keys.map((key) => keyPrefix + key);
      const [key = ""] = stored;
      const master = owner.slots[slotOf(key)]?.master;
      if (master && !master.client?.isReady) {
        await first(master);
        if (!master.client?.isReady)
          throw notReady("the master of its slot is connecting", "it goes on by itself once that answers");
      }
      return owner.sendCommand(key, false, [...head, ...stored, ...tail], STRINGS);
    },
    // A publication reaches every node: any master will do, and the next one after that.
    subscribe: (channel, on) => {
      const lend: Lend = async (use) => {
        checkOpen(owner);
        const masters = owner.masters as readonly { readonly client?: { readonly isReady?: boolean } }[];
        const ready = masters.filter((master) => master.client?.isReady);
        const known = ready.length > 0 ? ready : masters;
        const node = known[Math.floor(systemClock.random() * known.length)];
        return use((await owner.nodeClient(node as never)) as NodeRedisClient);
      };
      return subscribe(lend, channel, on);
    },
  };
}

type Master = NonNullable<NodeRedisCluster["slots"][number]["master"]>;

/**
 * A master that is new in the Cluster, or any with `minimizeConnections`, has no connection until it is needed. The
 * first commands wait here until it has connected or failed, but not for long, or they would be sent too late.
 */
function firstConnections(owner: NodeRedisCluster): (master: Master) => Promise<unknown> | undefined {
  const connecting = new WeakMap<Master, Promise<unknown>>();
  return (master) => {
    if (master.client === undefined && !connecting.has(master)) {
      const late = new Promise<void>((resolve) => void systemClock.after(FIRST_CONNECTION_MS, resolve));
      const over = Promise.race([owner.nodeClient(master as never), late])
        .catch(() => undefined)
        .finally(() => connecting.delete(master));
      connecting.set(master, over);
    }
    return connecting.get(master);
  };
}

const FIRST_CONNECTION_MS = 1_000;

/** Strings, even if the caller's client is configured to return Buffers. */
const STRINGS = { typeMapping: {} };

/** A text, or its bytes; raw commands are sent without it. */
const prefixOf = (client: object): string => String((client as { _keyPrefix?: unknown })._keyPrefix ?? "");

function checkOpen(client: Client): void {
  if (!client.isOpen) throw notReady("it is closed", "await client.connect() first");
  if ("getMasterNode" in client && !client.isReady)
    throw notReady("it looks for a master", "it goes on by itself once there is one");
}

function subscribe(lend: Lend, channel: string, on: SubscriberEvents): Link {
  let subscriber: Subscriber | undefined;
  let destroyed = false;
  const destroy = (): void => {
    destroyed = true;
    try {
      subscriber?.destroy();
    } catch {
      // It was already closed, and some versions throw then.
    }
  };
  const open = async (): Promise<void> => {
    subscriber = (await lend(duplicate)) as Subscriber;
    if (destroyed) return;
    subscriber.on("error", on.lost);
    subscriber.on("end", () => on.lost(new Error("the connection was closed")));
    // The client ignores a destroy() that comes before its socket has connected.
    subscriber.on("connect", () => {
      if (destroyed) destroy();
    });
    subscriber.unref();
    await subscriber.connect();
    await subscriber.subscribe(channel, on.message);
    on.live();
  };
  open().catch(on.lost);
  return { ping: async () => subscriber?.ping().then(() => on.heard()), destroy };
}

const duplicate = async (client: NodeRedisClient): Promise<unknown> =>
  client.duplicate({
    // The subscription reconnects by itself: the client's own timers would keep the process alive.
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
  });
