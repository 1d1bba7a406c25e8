// What one process knows of the store: the newest record, the highest revision, and the value that the store last had.
import { LEASE } from "./times.mjs";

export function replicasOf(library) {
  const { compare, remaining, restrictiveness } = library;

  /** Merges a record with the known one. Returns whether it is new, or the very record that this process is writing. */
  function receive(world, my, entry, current) {
    if (entry === null) {
      my.stored = null;
      if (surviving(world, my) !== null) my.restoring = true;
      return "";
    }
    const { cached } = my;
    const { record } = entry;
    const change = entry.raw !== my.stored?.raw;
    if (current || !my.stored) my.stored = entry;
    my.seen = Math.max(my.seen, record.revision);
    let deadline = world.now + remaining(record, { now: world.now, fresh: true }, world.now, 64 * LEASE);
    if (cached && sameDeadline(cached.record, record)) deadline = Math.min(deadline, cached.deadline);
    const order = cached ? compare(entry, cached) : 1;
    if (order < 0) {
      if (change && my.stored?.raw === entry.raw) my.storedDeadline = deadline;
      if (current && surviving(world, my) !== null) my.restoring = true;
      return "";
    }
    my.stored = entry;
    if (order === 0) return "";
    my.cached = { raw: entry.raw, record, deadline };
    if (my.write?.entry?.raw === entry.raw) return "granted";
    my.strikes = false;
    return "news";
  }

  const sameDeadline = (one, other) =>
    one.until === other.until && one.state === other.state && one.until !== 0;

  /** The record that the store has lost and that must be restored. */
  function surviving(world, { cached, stored, storedDeadline }) {
    if (!cached || (stored && stored.record.revision >= cached.record.revision)) return null;
    const running = (record, deadline) => (record.state !== "closed" && world.now < deadline ? record : null);
    const mine = running(cached.record, cached.deadline);
    const theirs = stored ? running(stored.record, storedDeadline) : null;
    if (mine === null || theirs === null) return mine ?? theirs;
    const order = restrictiveness(theirs.state) - restrictiveness(mine.state) || theirs.until - mine.until;
    return order > 0 ? theirs : mine;
  }

  return { receive, surviving };
}
