// What must hold for every write that the store carries out.
import { LEASE, OPEN } from "./times.mjs";

export function writesOf(options) {
  const { quorum = 1 } = options.settings ?? {};
  const longest = options.late ? 2 * OPEN : OPEN;

  return wrongWrite;

  /** What is wrong with a write that was carried out between two worlds, if anything. */
  function wrongWrite(before, after, write) {
    const old = before.store?.record;
    return (
      revisions(old, after.store, write) ??
      lease(before, old, after.store.record, write) ??
      (write.kind === "decision" ? decided(old, after, write) : undefined)
    );
  }

  function revisions(old, { raw, record, readable }, { kind, at }) {
    if (!readable) return `records are readable: ${raw}`;
    if (record.revision <= (old?.revision ?? 0)) return "a write has a higher revision than what it replaces";
    if (record.revision < at) return "no revision is below the clock";
    if (record.generation > record.revision) return "no generation is above its revision";
    const begun = record.generation === record.revision;
    if (record.state !== (old?.state ?? "closed") && !begun && kind !== "restore")
      return "a transition begins a generation";
    const same = old && record.generation === old.generation;
    if (same && (record.state !== old.state || record.until !== old.until))
      return "what is no transition changes neither state nor deadline";
    if (record.state === "open" && begun && record.until <= at) return "what opens has its time before it";
    return kind === "restore" && begun ? "a renewal is no transition" : undefined;
  }

  function lease(before, old, record, { kind, at }) {
    if (record.state !== "half-open" || kind === "restore") return undefined;
    const closed = old === undefined ? !before.forgot : old.state === "closed";
    if (closed) return "what is closed needs no probe";
    if (record.owner === "" || record.generation !== record.revision) return undefined;
    if (!before.forgot && before.now < (old?.until ?? 0) && old.owner !== record.owner)
      return "a lease is given only when the open time, or the lease before it, is over";
    if (record.until <= at || record.until - at > LEASE * 2 ** record.lapsed) return "a lease has an end";
    const lapsed = old?.state === "half-open" && old.owner !== "" && old.owner !== record.owner;
    if (lapsed && record.lapsed <= old.lapsed) return "a lease without an outcome makes the next one longer";
    return undefined;
  }

  function decided(old, { now, store: { record } }, { written, at, host }) {
    const state = old?.state ?? "closed";
    const offline = written.kind === "opened" && written.madeOffline && !written.provisional;
    if (written.base < (old?.generation ?? 0) && !offline)
      return "what was decided under an earlier generation changes nothing";
    if (record.state === "closed" && state !== "closed" && written.kind !== "closed")
      return "only a probe that succeeded closes";
    if (record.state !== "open") return votes(record, at);
    if (written.kind !== "opened") return "only a failure opens";
    const again = old?.state === "open" && at < old.until && record.until <= old.until;
    if (again && !written.manual) return "what is written is not written again";
    if (record.until - now > longest) return "nothing is open for longer than its time";
    if (record.generation === record.revision && quorum > 1 && !written.manual && state !== "open") {
      const voters = (old?.votes ?? []).filter(({ until }) => until > at).map((vote) => vote.host);
      if (new Set([...voters, `h${host}`]).size < quorum) return "fewer hosts than the quorum open nothing";
    }
    return votes(record, at);
  }

  function votes(record, at) {
    const longer = record.votes.some(({ until }) => until - at > longest);
    return longer ? "a vote counts no longer than its time" : undefined;
  }
}
