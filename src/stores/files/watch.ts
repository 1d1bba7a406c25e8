import { watch as watchFolder } from "node:fs";
import { basename } from "node:path";
import type { StoreWatcher } from "../store.js";
import type { Folder } from "./folder.js";
import { mayStartWith, parseName } from "./name.js";
import { valueAt } from "./record.js";

const RETRY_MS = 1_000;

/**
 * Tells of every record that is written under the prefix, until it is disposed of. A folder that vanishes, or
 * can't be watched any more, is a gap, and so is the moment when it is watched again.
 */
export async function watch(folder: Folder, prefix: string, on: StoreWatcher): Promise<AsyncDisposable> {
  let ended = false;
  let stop = (): void => undefined;

  /** A watcher that throws harms nobody. */
  const tell = (call: () => void): void => {
    if (ended) return;
    try {
      call();
    } catch {
      // Its own affair.
    }
  };
  const gap = (): void => tell(() => on.gap());

  const start = async (): Promise<void> => {
    await folder.create();
    if (ended) return;
    const watcher = watchFolder(folder.path, { persistent: false });
    let lost = false;
    const lose = (): void => {
      if (lost || ended) return;
      lost = true;
      watcher.close();
      gap();
      startAgain();
    };
    stop = () => watcher.close();
    watcher.on("error", lose);
    watcher.on("change", (_, file) => {
      if (typeof file !== "string") gap();
      // Told of by its own name, the folder itself was moved or removed.
      else if (file === basename(folder.path)) lose();
      else deliver(file).catch(gap);
    });
  };

  const startAgain = (): void => {
    start().then(gap, () => {
      if (ended) return;
      const timer = setTimeout(startAgain, RETRY_MS);
      timer.unref();
      stop = () => clearTimeout(timer);
    });
  };

  const deliver = async (file: string): Promise<void> => {
    const numbered = parseName(file);
    if (numbered === undefined || !mayStartWith(numbered.stem, prefix)) return;
    const record = await folder.read(numbered);
    if (record === "gone" || !record?.key.startsWith(prefix)) return;
    const { key } = record;
    const value = valueAt(record, Date.now());
    if (value !== null) tell(() => on.change({ key, value, now: Date.now() }));
  };

  await start();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      stop();
    },
  };
}
