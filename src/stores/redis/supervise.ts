import { systemClock } from "../../runtime/platform.js";
import { CONNECT_WITHIN, type Connection, type Link } from "./connection.js";

const PING_EVERY = 5_000;
const PONG_WITHIN = 2_000;

/** What becomes of a supervised connection: `live` at most once, then `lost` at most once, then nothing. */
export interface SupervisedEvents {
  live(): void;
  message(text: string): void;
  /** It answered a PING: more than a connection that is closed as soon as it is made. */
  proven(): void;
  lost(error: unknown): void;
}

/**
 * Opens one subscribed connection and watches over it: it must be live within 5 s and answer a PING every
 * 5 s within 2 s, or else it is destroyed and lost, for a connection can die without a word. What is
 * returned ends it, after which nothing more is said.
 */
export function supervise(connection: Connection, channel: string, on: SupervisedEvents): () => void {
  let link: Link | undefined;
  let over = false;
  let cancel = (): void => {};

  const wait = (ms: number, run: () => void): void => {
    cancel();
    cancel = systemClock.after(ms, run);
  };
  // In two halves: when this process has been stalled, the answer still gets its turn to be read.
  const deadline = (ms: number, command: string): void =>
    wait(ms / 2, () => wait(ms / 2, () => lose(new Error(`no answer to ${command} within ${ms} ms`))));

  const end = (): void => {
    over = true;
    cancel();
    link?.destroy();
  };
  const lose = (error: unknown): void => {
    if (over) return;
    end();
    on.lost(error);
  };
  const pingLater = (): void =>
    wait(PING_EVERY * (0.8 + 0.4 * systemClock.random()), () => {
      deadline(PONG_WITHIN, "PING");
      link?.ping().then(() => {
        if (over) return;
        on.proven();
        pingLater();
      }, lose);
    });

  deadline(CONNECT_WITHIN, "SUBSCRIBE");
  try {
    link = connection.subscribe(channel, {
      live: () => {
        if (over) return;
        pingLater();
        on.live();
      },
      message: (text) => {
        if (!over) on.message(text);
      },
      lost: lose,
    });
  } catch (error) {
    // The client refused its own options; said later, as every other loss is.
    cancel();
    void Promise.resolve().then(() => lose(error));
  }
  return end;
}
