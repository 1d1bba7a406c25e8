import type { StoreEntry, StoreWatcher } from "../../options/store.js";

/** Makes a watcher safe for drivers: what it throws is ignored, and nothing reaches it after its end. */
export interface SafeWatcher extends StoreWatcher {
  /**
   * A pushed `[key, value, now]` in JSON; a fourth item, if there is one, names the place that it comes from. Anything
   * else is a gap, since anyone may publish.
   */
  message(text: string): void;
  lost(error: unknown): void;
  end(): void;
}

/** Guards a watcher of the keys that begin with `start`. Messages from another place than `place` are ignored. */
export function safeWatcher(start: string, on: StoreWatcher, place?: string): SafeWatcher {
  let over = false;
  const tell = (call: () => void): void => {
    if (over) return;
    try {
      call();
    } catch {
      // A watcher that throws would break the client's decoder, or end the process.
    }
  };
  const change = (entry: StoreEntry): void => {
    if (entry.key.startsWith(start)) tell(() => on.change(entry));
  };
  const gap = (): void => tell(() => on.gap());
  return {
    change,
    gap,
    lost: (error) => tell(() => on.lost?.(error)),
    message(text) {
      const message = parse(text);
      if (message === undefined) gap();
      else if (place === undefined || (message.place ?? place) === place) change(message.entry);
    },
    end() {
      over = true;
    },
  };
}

function parse(text: string): { entry: StoreEntry; place: unknown } | undefined {
  try {
    const [key, value, now, place]: unknown[] = JSON.parse(text);
    if (typeof key === "string" && typeof value === "string" && typeof now === "number")
      return { entry: { key, value, now }, place };
  } catch {
    // Not ours.
  }
  return undefined;
}
