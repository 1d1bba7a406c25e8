import { systemClock } from "../../runtime/system-clock.js";

/** How long a connection for push may take to be live, in ms. */
export const LIVE_WITHIN = 5_000;
/** After how much silence a sign of life is requested, and how long that may take, in ms. */
const PING_AFTER = 5_000;
const PONG_WITHIN = 2_000;

/** A connection that pushes. It doesn't reconnect by itself: once lost, it is useless. */
export interface Link {
  /** Asks for a sign of life, which `heard` reports; rejects if it can't. */
  ping(): PromiseLike<unknown>;
  /** Ends it at once, in any state, and never throws. */
  destroy(): void;
}

/** What a connection reports about itself. */
export interface LinkEvents {
  /** From now on, writes arrive. */
  live(): void;
  /** Something arrived. If the connection isn't over, `deliver` is called. */
  heard(deliver?: () => void): void;
  /** It could not be opened, or it is gone. May be called more than once. */
  lost(error: unknown): void;
}

/** Opens one connection, which doesn't keep the process alive. If it throws, that counts as a loss. */
export type OpenLink = (on: LinkEvents) => Link;

/** What a supervised connection reports. */
export interface WatchedLinkEvents {
  live(): void;
  heard(): void;
  lost(error: unknown): void;
}

/**
 * Opens a connection and supervises it, because a connection can die silently. It must be live within 5 s, and after
 * some 5 s of silence it must give a sign of life within 2 s; otherwise it is destroyed and counts as lost. `live` is
 * called at most once, then `lost` at most once, then nothing. The returned function ends it silently.
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
  // In two halves: if this process was blocked, an answer that has arrived is still read.
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
    // The client refused its own options. It is reported later, like every other loss.
    cancel();
    void Promise.resolve().then(() => lose(error));
  }
  return end;
}
