import { systemClock } from "../../runtime/platform.js";
import type { ChannelListener, ListeningClient } from "./client.js";

/** Between two looks at whether the connection still lives, and how long an answer may take, in ms. */
const PING_EVERY = 5_000;
const ANSWERS_WITHIN = 2_000;
/** For a new connection. Those given up on a server that hangs are work for it when it is back: few, and one of them waits. */
const CONNECTS_WITHIN = 5_000;
/** Between attempts to connect again: doubling, half of it drawn. */
const FIRST_RETRY = 200;
const LONGEST_RETRY = 1_500;

/**
 * Listens on a connection of its own. One that dies without a word is noticed, since it is asked something now and
 * then; whenever it was gone a gap is told. It doesn't keep the process alive.
 *
 * Rejects when the first connection can't be made.
 */
export async function listenOn(
  connect: () => ListeningClient,
  channel: string,
  on: ChannelListener,
): Promise<AsyncDisposable> {
  let over = false;
  let current: ListeningClient | undefined;
  let cancel: (() => void) | undefined;

  const open = async (): Promise<void> => {
    const client = connect();
    let lost = false;
    const lose = (): void => {
      if (lost) return;
      lost = true;
      void Promise.resolve(client.end()).catch(() => undefined);
      if (current !== client) return;
      current = undefined;
      if (!over) again(0);
    };
    client.on("error", lose);
    client.on("end", lose);
    client.on("notification", ({ payload }) => {
      if (!over && payload !== undefined) on.payload(payload);
    });
    try {
      await within(client.connect(), CONNECTS_WITHIN);
      client.unref?.();
      await within(client.query(`LISTEN "${channel}"`), CONNECTS_WITHIN);
      // It may have been lost in the very moment of its answer, when nobody was there to be told.
      if (lost) throw new Error("the connection was lost as soon as it listened");
    } catch (error) {
      lose();
      throw error;
    }
    if (over) {
      lose();
      return;
    }
    current = client;
    const ping = (): void => {
      cancel = systemClock.after(PING_EVERY, () => {
        within(client.query("SELECT 1"), ANSWERS_WITHIN).then(ping, lose);
      });
    };
    ping();
  };

  const again = (failures: number): void => {
    cancel?.();
    const longest = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** failures);
    cancel = systemClock.after(longest * (0.5 + 0.5 * systemClock.random()), () => {
      open().then(
        () => {
          if (!over) on.gap();
        },
        () => {
          if (!over) again(failures + 1);
        },
      );
    });
  };

  await open();
  return {
    async [Symbol.asyncDispose]() {
      over = true;
      cancel?.();
      const client = current;
      current = undefined;
      await Promise.resolve(client?.end()).catch(() => undefined);
    },
  };
}

function within<T>(work: PromiseLike<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () =>
      reject(new Error(`PostgreSQL gave no answer within ${ms} ms`)),
    );
    Promise.resolve(work).then(resolve, reject).finally(cancel);
  });
}
