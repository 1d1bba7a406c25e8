import { systemClock } from "../../runtime/system-clock.js";
import type { Link } from "../shared/link.js";
import { CONNECT_WITHIN, type Connection, notReady, type SubscriberEvents } from "./connection.js";

/** What the store uses of an ioredis or iovalkey client: `new Redis()`, with Sentinels or without. */
export interface IoredisClient {
  readonly status: string;
  readonly options: { readonly keyPrefix?: string | undefined; readonly db?: number | undefined };
  /** What was selected at run time, and before the connection was lost. */
  readonly condition?: { readonly select?: number | undefined } | null | undefined;
  readonly prevCondition?: { readonly select?: number | undefined } | null | undefined;
  call(command: string, ...args: string[]): Promise<unknown>;
  once(event: string, listener: () => void): unknown;
  duplicate(overrides?: object): unknown;
}

/** What the store uses of `new Cluster()` of ioredis or iovalkey. */
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

/** The connection, where it is a client of ioredis or iovalkey, told by what it can do. */
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
    // A publication reaches every node of a Cluster: any master will do, and after it another one.
    subscribe(channel, on) {
      const masters = client.nodes?.("master") ?? [client];
      const master = masters[Math.floor(systemClock.random() * masters.length)];
      if (master === undefined) throw notReady(`its status is "${client.status}"`, "it knows no master yet");
      return subscribe(master, channel, on);
    },
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

function subscribe(client: Pick<IoredisClient, "duplicate">, channel: string, on: SubscriberEvents): Link {
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
  return { ping: () => subscriber.ping().then(() => on.heard()), destroy: () => subscriber.disconnect() };
}
