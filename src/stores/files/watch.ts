import { watch as watchFolder } from "node:fs";
import { basename } from "node:path";
import type { StoreWatcher } from "../../options/store.js";
import type { Folder } from "./folder.js";
import { mayStartWith, parseName } from "./name.js";
import { decodeRecord, live } from "./record.js";

const RETRY_MS = 1_000;

/**
 * Reports every record that is written under the prefix, until disposed.
 *
 * If the folder vanishes or can't be watched any more, that is a gap, and so is the moment when it is watched again.
 * The system may drop events silently when there are too many; polling finds those changes.
 */
export async function watch(folder: Folder, prefix: string, on: StoreWatcher): Promise<AsyncDisposable> {
  let ended = false;
  let stop = (): void => {};

  /** If a watcher throws, nothing breaks. */
  function tell(call: () => void): void {
    if (ended) return;
    try {
      call();
    } catch {
      // That is the watcher's own matter.
    }
  }
  const gap = (): void => tell(() => on.gap());

  async function start(): Promise<void> {
    await folder.ensure();
    if (ended) return;
    const watcher = watchFolder(folder.path, { persistent: false });
    let lost = false;
    const lose = (error: unknown): void => {
      if (lost || ended) return;
      lost = true;
      watcher.close();
      gap();
      tell(() => on.lost?.(error));
      restart();
    };
    stop = () => watcher.close();
    watcher.on("error", lose);
    watcher.on("change", (_event, file) => {
      if (typeof file !== "string") gap();
      // An event with the folder's own name: the folder was moved or removed.
      else if (file === basename(folder.path)) lose(new Error(`${folder.path} was moved or removed`));
      else deliver(file).catch(gap);
    });
  }

  function restart(): void {
    start().then(gap, () => {
      if (ended) return;
      const timer = setTimeout(restart, RETRY_MS);
      timer.unref();
      stop = () => clearTimeout(timer);
    });
  }

  async function deliver(file: string): Promise<void> {
    const name = parseName(file);
    if (name === undefined || !mayStartWith(name.base, prefix)) return;
    const text = await folder.read(file);
    const record = text === undefined ? undefined : live(decodeRecord(text));
    if (!record?.key.startsWith(prefix)) return;
    tell(() => on.change({ key: record.key, value: record.value, now: Date.now() }));
  }

  await start();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      stop();
    },
  };
}
