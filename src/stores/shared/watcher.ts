import type { StoreEntry, StoreWatcher } from "../store.js";

/** Makes a watcher safe for drivers: what it throws is ignored, and nothing reaches it after its end. */
export interface SafeWatcher extends StoreWatcher {
  /** A pushed `[key, value, now]` in JSON. Anything else is a gap, since anyone may publish. */
  message(text: string): void;
  end(): void;
}

/** Guards a watcher of the keys that begin with `start`. */
export function safeWatcher(start: string, on: StoreWatcher): SafeWatcher {
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
    message(text) {
      const entry = parse(text);
      if (entry === undefined) gap();
      else change(entry);
    },
    end() {
      over = true;
    },
  };
}

function parse(text: string): StoreEntry | undefined {
  try {
    const [key, value, now]: unknown[] = JSON.parse(text);
    if (typeof key === "string" && typeof value === "string" && typeof now === "number")
      return { key, value, now };
  } catch {
    // Not ours.
  }
  return undefined;
}
