import { systemClock } from "../../runtime/system-clock.js";
import type { Link } from "../shared/link.js";
import { CONNECT_WITHIN, type Connection, notReady, type SubscriberEvents } from "./connection.js";

/** The part of an ioredis or iovalkey client that the store uses: `new Redis()`, with or without Sentinels. */
export interface IoredisClient {
  readonly status: string;
  readonly options: { readonly keyPrefix?: string | undefined; readonly db?: number | undefined };
  /** The database selected at run time, before the connection was lost. */
  readonly condition?: { readonly select?: number | undefined } | null | undefined;
  readonly prevCondition?: { readonly select?: number | undefined } | null | undefined;
  call(command: string, ...args: string[]): Promise<unknown>;
  once(event: string, listener: () => void): unknown;
  duplicate(overrides?: object): unknown;
}

/** The part of `new Cluster()` of ioredis or iovalkey that the store uses. */
export interface IoredisCluster extends Pick<IoredisClient, "status" | "call" | "once"> {
  readonly options: { readonly keyPrefix?: string | undefined };
  nodes(role: "master"): readonly Pick<IoredisClient, "duplicate">[];
}

interface Subscriber {
  readonly stream?: { unref?(): void };
  on(event: string, listener: (first: unknown, second: string) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  ping(): Promise<unknown>;
  disconnect(): void;
}

/** The connection, if it is an ioredis or iovalkey client, recognised by its methods. */
export function ioredis(given: object): Connection | undefined {
  const client = given as IoredisClient & Partial<IoredisCluster>;
  const verbs = [client.call, client.once, client.duplicate];
  if (typeof client.status !== "string" || verbs.some((verb) => typeof verb !== "function")) return undefined;

  const starting = firstConnection(client);
  const { keyPrefix = "", db = 0 } = client.options;
  return {
    keyPrefix,
    cluster: client.nodes !== undefined,
    get database() {
      const { status, condition, prevCondition } = client;
      return (status === "ready" ? condition : (prevCondition ?? condition))?.select ?? db;
    },
    learnDatabase: () => undefined,
    async send([command = "", ...head], keys, tail) {
      // A client made with `lazyConnect` connects at its first command, which may wait in its queue and be late.
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
    // A publication reaches every node of a Cluster: any master will do, and the next one after that.
    subscribe(channel, on) {
      const masters = client.nodes?.("master") ?? [client];
      const master = masters[Math.floor(systemClock.random() * masters.length)];
      if (master === undefined) throw notReady(`its status is "${client.status}"`, "it knows no master yet");
      return subscribe(master, channel, on);
    },
  };
}

/**
 * `new Redis()` returns a client that is still connecting but can be used at once. The first commands wait here until
 * it has connected or failed. After that nothing ever waits for it.
 */
async function firstConnection(client: IoredisClient): Promise<void> {
  if (!["wait", "connecting", "connect"].includes(client.status)) return;
  await new Promise<void>((resolve) => {
    for (const outcome of ["ready", "close", "end"]) client.once(outcome, resolve);
  });
}

function subscribe(client: Pick<IoredisClient, "duplicate">, channel: string, on: SubscriberEvents): Link {
  const subscriber = client.duplicate({
    lazyConnect: true,
    // The subscription reconnects by itself. The client's own timers would keep the process alive, and it reports
    // "ready" before it has subscribed again.
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
  // The socket exists a moment after connect() was called, and connecting may then take long.
  systemClock.after(0, unref);
  return { ping: () => subscriber.ping().then(() => on.heard()), destroy: () => subscriber.disconnect() };
}
