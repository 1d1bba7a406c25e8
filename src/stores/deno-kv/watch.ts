import type { StoreListing } from "../../options/store.js";
import type { LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import type { DenoKv } from "./database.js";

type List = (start: string, since?: string) => Promise<Required<Omit<StoreListing, "now">>>;

/** A watch that reconnects. Rejects if the first one fails. */
export function watchChanges(
  kv: DenoKv,
  changed: readonly string[],
  list: List,
  watcher: SafeWatcher,
): Promise<AsyncDisposable> {
  return keepConnected((on) => follow(kv, changed, list, on, watcher), { watcher, refused: () => false });
}

/**
 * Deno KV watches at most ten keys, and no prefixes. So one key is watched that is written with every change, and then
 * what has changed since the last one is read.
 */
function follow(
  kv: DenoKv,
  changed: readonly string[],
  list: List,
  on: LinkEvents,
  watcher: SafeWatcher,
): { ping(): Promise<void>; destroy(): void } {
  const reader = kv.watch([changed] as never).getReader();
  const run = async (): Promise<void> => {
    // The first value is the key as it is.
    await reader.read();
    let { cursor } = await list("", "");
    on.live();
    while (!(await reader.read()).done) {
      const { entries, cursor: next } = await list("", cursor);
      cursor = next;
      on.heard(() => {
        for (const entry of entries) watcher.change(entry);
      });
    }
    throw new Error("the watch of Deno KV ended");
  };
  run().catch(on.lost);
  return {
    ping: async () => {
      await kv.get(changed);
      on.heard();
    },
    destroy: () => void reader.cancel().catch(() => {}),
  };
}
