import { systemClock } from "../../runtime/platform.js";
import type { Connection } from "./connection.js";
import { supervise } from "./supervise.js";

const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_500;

export interface SubscriptionEvents {
  message(text: string): void;
  /** It was lost, and is live again: messages may have been missed. */
  gap(): void;
}

/**
 * A subscription that comes back: a lost connection is replaced by a new one for as long as it takes.
 *
 * Resolves once it is live; rejects, with nothing left behind, where the first attempt fails or takes more
 * than 5 s. Neither its connection nor its timers keep the process alive.
 */
export function subscribe(
  connection: Connection,
  channel: string,
  on: SubscriptionEvents,
): Promise<AsyncDisposable> {
  return new Promise((resolve, reject) => {
    let wasLive = false;
    let failures = 0;
    let stop = (): void => {};
    const handle: AsyncDisposable = {
      async [Symbol.asyncDispose]() {
        stop();
      },
    };
    const connect = (): void => {
      stop = supervise(connection, channel, {
        live: () => {
          if (wasLive) on.gap();
          wasLive = true;
          resolve(handle);
        },
        message: on.message,
        proven: () => {
          failures = 0;
        },
        lost: (error) => {
          if (wasLive) {
            stop = systemClock.after(retryDelay(failures), connect);
            failures += 1;
          } else {
            const reason = error instanceof Error ? error.message : String(error);
            reject(
              new Error(`could not subscribe to the Redis channel "${channel}": ${reason}`, { cause: error }),
            );
          }
        },
      });
    };
    connect();
  });
}

const retryDelay = (failures: number): number =>
  Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** failures) * (0.5 + 0.5 * systemClock.random());
