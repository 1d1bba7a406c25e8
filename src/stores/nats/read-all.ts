import { systemClock } from "../../runtime/system-clock.js";
import { discard, type NatsEntries, type NatsEntry } from "./bucket.js";

/** As long as the client waits for other answers. Without it, a read whose entries were lost would never end. */
const ANSWERS_WITHIN = 5_000;
/** After this long without an entry, in ms, the server is asked whether there are more. */
const QUIET = 50;

/**
 * The newest entry of each key in a history, or in a watch, up to the bucket's revision `last`.
 *
 * If keys are written meanwhile, announced entries may never come, because they were replaced. So the read ends with
 * the last revision or a later one, or when the server has nothing more.
 */
export async function readAll(ask: () => Promise<NatsEntries>, last: number): Promise<readonly NatsEntry[]> {
  const entries = await ask();
  const latest = new Map<string, NatsEntry>();
  let read = 0;
  let whole = false;
  let over = false;
  let cancelLook = (): void => {};
  const cancelEnd = systemClock.after(ANSWERS_WITHIN, () => entries.stop());

  const lookLater = (): void => {
    cancelLook();
    if (!over) cancelLook = systemClock.after(QUIET, () => void look(read));
  };
  const look = async (before: number): Promise<void> => {
    if ((await pending(entries)) === 0 && read === before) entries.stop();
    else lookLater();
  };

  try {
    // A watch without an initial value would never end.
    if ((await pending(entries, true)) === 0) return [];
    lookLater();
    for await (const entry of entries) {
      read += 1;
      latest.set(entry.key, entry);
      whole = entry.revision >= last;
      if (whole) break;
      lookLater();
    }
    // A history ends when it believes that nothing is left, but only the server knows.
    whole ||= (await pending(entries)) === 0;
  } finally {
    over = true;
    cancelEnd();
    cancelLook();
    discard(entries);
  }
  if (!whole) throw new Error(`NATS gave no whole list within ${ANSWERS_WITHIN} ms`);
  return [...latest.values()];
}

/** How many entries are still to come; `undefined` if that is not known. */
async function pending(entries: NatsEntries, atFirst = false): Promise<number | undefined> {
  try {
    return (await entries._data?.info?.(atFirst))?.num_pending;
  } catch {
    return undefined;
  }
}
