import { systemClock } from "../../runtime/system-clock.js";

/** How long a connection for push may take to be live, in ms. */
export const LIVE_WITHIN = 5_000;
/** Silence after which it is asked for a sign of life, and how long the answer may take, in ms. */
const PING_AFTER = 5_000;
const PONG_WITHIN = 2_000;

/** A connection that pushes. It doesn't reconnect by itself: once lost it is of no more use. */
export interface Link {
  /** Asks for a sign of life, which `heard` reports; rejects where it can't. */
  ping(): PromiseLike<unknown>;
  /** Ends it at once, in any state, and never throws. */
  destroy(): void;
}

/** What a connection tells of itself. */
export interface LinkEvents {
  /** What is written from now on arrives. */
  live(): void;
  /** Something came in; where the connection isn't over, `deliver` is called. */
  heard(deliver?: () => void): void;
  /** It could not be opened, or is gone. May be said more than once. */
  lost(error: unknown): void;
}

/** Opens one connection, which keeps no process alive. May throw, which is a loss. */
export type OpenLink = (on: LinkEvents) => Link;

/** What a connection that is watched over tells. */
export interface WatchedLinkEvents {
  live(): void;
  heard(): void;
  lost(error: unknown): void;
}

/**
 * Opens a connection and watches over it: it must be live within 5 s, and after some 5 s of silence give a sign
 * of life within 2 s, or else it is destroyed and lost, since a connection can die silently. `live` is called at most
 * once, then `lost` at most once, then nothing. The returned function ends it silently.
 */
export function watchOver(open: OpenLink, on: WatchedLinkEvents): () => void {
  let link: Link | undefined;
  let over = false;
  let isLive = false;
  let cancel = (): void => {};

  const wait = (ms: number, run: () => void): void => {
    cancel();
    cancel = systemClock.after(ms, run);
  };
  // In two halves: when this process has been stalled, the answer still gets its turn to be read.
  const deadline = (ms: number, missing: string): void =>
    wait(ms / 2, () => wait(ms / 2, () => lose(new Error(`${missing} within ${ms} ms`))));
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
    wait(PING_AFTER * (0.8 + 0.4 * systemClock.random()), () => {
      deadline(PONG_WITHIN, "no answer to a ping");
      link?.ping().then(() => undefined, lose);
    });

  deadline(LIVE_WITHIN, "no answer");
  try {
    link = open({
      live() {
        if (over) return;
        isLive = true;
        pingLater();
        on.live();
      },
      heard(deliver) {
        if (over) return;
        if (isLive) pingLater();
        on.heard();
        deliver?.();
      },
      lost: lose,
    });
    // Lost while it was being opened.
    if (over) link.destroy();
  } catch (error) {
    // The client refused its own options; said later, as every other loss is.
    cancel();
    void Promise.resolve().then(() => lose(error));
  }
  return end;
}
