import type { Link, LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import { discard, type NatsEntries, type NatsEntry, type NatsKv } from "./bucket.js";

/** What is watched in a bucket. */
export interface Watched {
  readonly kv: NatsKv;
  /** Every key of the fleet. */
  readonly pattern: string;
  /** One key that no record has. */
  readonly probe: string;
  entry(entry: NatsEntry): void;
}

/** A watch that reconnects. Rejects if the first one fails. */
export function watch(watched: Watched, watcher: SafeWatcher): Promise<AsyncDisposable> {
  return keepConnected((on) => open(watched, on), {
    watcher,
    refused: (error) => /permission|authorization/i.test(String(error)),
  });
}

/**
 * One watch. To ask for a sign of life, it deletes the probe's key. All watches of the fleet receive that, so one
 * process asks for all. In a bucket that is full, or may not be written, it asks for the watch's consumer instead.
 */
function open({ kv, pattern, probe, entry: deliver }: Watched, on: LinkEvents): Link {
  let entries: NatsEntries | undefined;
  let destroyed = false;
  const follow = async (): Promise<void> => {
    entries = await kv.watch({ key: pattern, include: "updates" });
    if (destroyed) {
      discard(entries);
      return;
    }
    on.live();
    for await (const entry of entries) on.heard(() => deliver(entry));
  };
  follow().then(() => on.lost(new Error("the watch ended")), on.lost);
  return {
    ping: () =>
      kv.delete(probe).catch(async (error: unknown) => {
        if (entries?._data?.info === undefined) throw error;
        await entries._data.info(false);
        on.heard();
      }),
    destroy() {
      destroyed = true;
      if (entries !== undefined) discard(entries);
    },
  };
}
