import { restrictiveness } from "../protocol/merge.js";
import { isHold, type VersionedRecord } from "../protocol/record.js";
import { renewed } from "../protocol/transition.js";
import type { Entry } from "./entry.js";
import { type WriterHost, write } from "./writer.js";

/**
 * All replicas of a fleet notice at the same time that the store forgot. The first one to write saves the others the
 * write.
 */
const JITTER_MS = 1_000;
/** While the write fails, the jitter doubles, at most this many times. */
const DOUBLINGS = 5;

/** What restoring needs from the replica. */
export interface RestoreHost extends WriterHost {
  readonly synchroniser: WriterHost["synchroniser"] & { readonly closed: boolean };
}

/**
 * The store holds less than this process has seen: it was flushed, evicted, restarted or rolled back. After some
 * jitter, one swap writes the more restrictive state that is still in force, above both. So a missing record neither
 * closes a circuit early nor extends its time. Of two holds, the newer one is restored unchanged.
 */
export function restore(host: RestoreHost, entry: Entry<VersionedRecord>): void {
  if (entry.restoring || surviving(host, entry) === null) return;
  entry.restoring = true;
  const jitter = JITTER_MS * 2 ** Math.min(entry.failures, DOUBLINGS);
  host.clock.after(host.clock.random() * jitter, () => {
    entry.restoring = false;
    if (host.synchroniser.closed || surviving(host, entry) === null) return;
    write(
      host,
      entry,
      (stamp) => {
        const survivor = surviving(host, entry);
        return survivor && renewed(stamp, survivor);
      },
      (outcome) => {
        if (outcome === "granted") entry.subscriber?.changed();
      },
    );
  });
}

/** What has to be written to the store, if anything. */
function surviving<R extends VersionedRecord>({ clock }: RestoreHost, entry: Entry<R>): R | null {
  const { cached } = entry;
  if (cached === null) return null;
  const stored = entry.stored ? entry.decode(entry.stored, clock.wall()) : undefined;
  if (stored !== undefined && stored.revision >= cached.record.revision) return null;
  if (isHold(cached.record)) {
    const ended = cached.record.until !== 0 && clock.now() >= cached.deadline;
    return stored === undefined && (cached.record.state === "released" || ended) ? null : cached.record;
  }
  const mine = cached.record.state !== "closed" && clock.now() < cached.deadline ? cached.record : null;
  const theirs = stored && stored.state !== "closed" && clock.now() < entry.storedDeadline ? stored : null;
  if (mine === null || theirs === null) return mine ?? theirs;
  const order = restrictiveness(theirs.state) - restrictiveness(mine.state) || theirs.until - mine.until;
  return order > 0 ? theirs : mine;
}
