import { EventEmitter } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { safeWatcher } from "../shared/watcher.js";
import type { ListeningClient } from "./client.js";
import { listenOn, proveDelivery } from "./listen.js";

/** A connection that is lost with its answer to `LISTEN`, before anyone who awaits that has heard of it. */
class Connection extends EventEmitter {
  readonly #lostAtOnce: boolean;

  constructor(lostAtOnce: boolean) {
    super();
    this.#lostAtOnce = lostAtOnce;
  }

  connect = async (): Promise<void> => undefined;
  end = async (): Promise<void> => undefined;
  readonly processID = 7;
  query = (): Promise<unknown> => {
    const answer = Promise.resolve({ rows: [{ pid: 7 }] });
    if (this.#lostAtOnce) this.emit("error", new Error("terminating connection"));
    return answer;
  };
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("only one connection waits for a server that hangs, and the same one then listens", async () => {
  vi.useFakeTimers();
  const made: Connection[] = [];
  let gaps = 0;
  const connect = (): ListeningClient => {
    const connection = new Connection(false);
    if (made.length > 0) connection.connect = () => new Promise((resolve) => setTimeout(resolve, 4_000));
    made.push(connection);
    return connection as unknown as ListeningClient;
  };
  const handle = await listenOn(
    connect,
    async () => [],
    "c",
    safeWatcher("", { change: () => undefined, gap: () => gaps++ }),
  );
  made[0]?.emit("end");
  await vi.advanceTimersByTimeAsync(4_500);
  expect([made.length, gaps]).toEqual([2, 1]);
  await handle[Symbol.asyncDispose]();
});

test("a connection that is lost while it starts to listen is replaced, and that is a gap", async () => {
  const made: Connection[] = [];
  let gaps = 0;
  const connect = (): ListeningClient => {
    const connection = new Connection(made.length === 1);
    made.push(connection);
    return connection as unknown as ListeningClient;
  };
  const handle = await listenOn(
    connect,
    async () => [],
    "c",
    safeWatcher("", { change: () => undefined, gap: () => gaps++ }),
  );
  made[0]?.emit("end");
  await expect.poll(() => [made.length, gaps], { timeout: 10_000 }).toEqual([3, 1]);
  await handle[Symbol.asyncDispose]();
});

test("a first connection that is lost while it starts to listen is an error", async () => {
  const connect = (): ListeningClient => new Connection(true) as unknown as ListeningClient;
  await expect(
    listenOn(
      connect,
      async () => [],
      "c",
      safeWatcher("", { change: () => undefined, gap: () => undefined }),
    ),
  ).rejects.toThrow(/terminating connection/);
});

test.each([0, 1 / 8_101, 1 / 8_100_001, 1 - Number.EPSILON])(
  "PostgreSQL takes the name of the channel that proves delivery, made from the random number %d",
  async (random) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    let name = "";
    let arrive = (): void => undefined;
    const listen = async (channel: string, heard: () => void) => {
      [name, arrive] = [channel, heard];
      return async () => undefined;
    };
    await proveDelivery(listen, async () => [void arrive()], "x".repeat(41));
    expect(name).toMatch(/^x+_\d+$/);
    expect(name.length).toBeLessThan(64);
  },
);
