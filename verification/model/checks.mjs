// What must hold after every step, whatever the order of things: the promises of the protocol.
import { OPEN, TICK } from "./process.mjs";
import { entriesOf } from "./world.mjs";

export function checksOf(machine, steps, options) {
  const { compare, merge } = machine;
  const { quorum = 1 } = options;
  const { standing, isMine } = steps;
  const joined = new Map();

  /** What is wrong with a step from one world to another by a member, if anything is. */
  return function check(before, after, what, index) {
    return (
      (after.store !== before.store && what.lands && written(before, after, what.lands)) ||
      each(before, after, what, index) ||
      leases(after) ||
      joins(after)
    );
  };

  function written(before, after, write) {
    const old = before.store?.record;
    const { record, readable } = after.store;
    const { overlay, kind, at } = write;
    if (!readable) return `records are readable: ${after.store.raw}`;
    if (record.revision <= (old?.revision ?? 0)) return "a write has a higher revision than what it replaces";
    if (record.revision < at) return "no revision is below the clock";
    if (record.generation > record.revision) return "no generation is above its revision";
    const state = old?.state ?? "closed";
    if (record.state !== state && record.generation !== record.revision && kind !== "restore")
      return "a transition begins a generation";
    if (
      old &&
      record.generation === old.generation &&
      (record.state !== old.state || record.until !== old.until)
    )
      return "what is no transition changes neither state nor deadline";
    if (record.state === "half-open" && record.owner !== "" && kind !== "restore") {
      if (!before.forgot && before.now < (old?.until ?? 0) && old.owner !== record.owner)
        return "a lease is given only when the open time, or the lease before it, is over";
      if (record.until <= at || record.until - at > 4 * TICK) return "a lease has an end";
    }
    const begun = record.generation === record.revision;
    if (record.state === "open" && begun && record.until <= at) return "what opens has its time before it";
    if (kind === "restore" && record.generation === record.revision) return "a renewal is no transition";
    if (state === "closed" && old && record.state === "half-open" && kind !== "restore")
      return "what is closed needs no probe";
    if (kind !== "overlay") return undefined;
    const generation = old?.generation ?? 0;
    if (overlay.base < generation && !(overlay.state === "open" && overlay.apart))
      return "what was decided under an earlier generation changes nothing";
    if (record.state === "closed" && state !== "closed" && overlay.state !== "closed")
      return "only a probe that succeeded closes";
    if (record.state === "open" && overlay.state !== "open") return "only a failure opens";
    if (record.state === "open" && record.until - after.now > OPEN)
      return "nothing is open for longer than its time";
    if (record.votes.some(({ until }) => until - at > OPEN)) return "a vote counts no longer than its time";
    if (record.state === "open" && begun && quorum > 1 && !overlay.manual) {
      const voters = (old?.votes ?? []).filter(({ until }) => until > at).map(({ host }) => host);
      if (new Set([...voters, write.host]).size < quorum) return "fewer hosts than the quorum open nothing";
    }
    return undefined;
  }

  function each(before, after, what, index) {
    for (const my of after.members) {
      const old = before.members[my.index];
      if (old.life !== my.life) continue;
      const { sighting } = my;
      if (old.sighting !== null) {
        if (sighting === null || sighting.record.revision < old.sighting.record.revision)
          return "a replica only moves up";
        if (
          sighting.record.until !== 0 &&
          sighting.record.until === old.sighting.record.until &&
          sighting.record.generation === old.sighting.record.generation &&
          sighting.record.state === old.sighting.record.state &&
          sighting.deadline > old.sighting.deadline
        )
          return "a deadline only moves earlier";
      }
      const now = standing(after, my);
      if (now.state === "open" && now.until - after.now > OPEN)
        return "nothing is open for longer than its time";
      const was = standing(before, old).state;
      if (now.state === "closed" && was !== "closed") {
        const heard = sighting?.record.state === "closed";
        const probed = what.probed && my.index === index;
        if (!heard && !probed) return `absence is not health: ${my.owner} closed it`;
      }
      const ownWord = my.overlay !== null && my.overlay.base === (sighting?.record.generation ?? 0);
      if (
        sighting !== null &&
        after.now < sighting.deadline &&
        !ownWord &&
        sighting.record.state !== "closed"
      )
        if (now.state === "closed" || now.state === "due") return "what the fleet forbids is obeyed";
      if (my.overlay?.state === "open" && after.now < my.overlay.until && now.state !== "open")
        return "what a process decided itself is obeyed";
      const { overlay } = old;
      const overruled = ["trip", "reset"].includes(old.write?.kind) && my.write === null;
      if (overlay?.state === "open" && overlay.apart && after.now < overlay.until && !overruled)
        if (now.state === "closed" || now.state === "due") return "what was decided apart is not forgotten";
      if (what.failed && my.index === index && now.state === "closed")
        return "a failure opens it here at once";
    }
    return undefined;
  }

  function leases(world) {
    if (world.forgot) return undefined;
    // With a word of its own on that lease it has given it back, and is not told so yet.
    const holders = world.members.filter(
      (my) =>
        isMine(my) && world.now < my.sighting.deadline && my.overlay?.base !== my.sighting.record.generation,
    );
    if (holders.length > 1) return `one lease at a time: ${holders.map(({ owner }) => owner).join(" and ")}`;
    const probes = world.members.filter(
      ({ probe, trial }) => trial && probe && !probe.local && world.now < probe.until,
    );
    return probes.length > 1 ? "one probe at a time" : undefined;
  }

  /** Of all that is known anywhere, any two and any three. */
  function joins(world) {
    const all = [...entriesOf(world).values()];
    for (let i = 0; i < all.length; i++)
      for (let j = i + 1; j < all.length; j++) {
        const [a, b] = [all[i], all[j]];
        const key = `${a.raw}${b.raw}`;
        let wrong = joined.get(key);
        if (wrong === undefined) {
          wrong =
            Math.sign(compare(a, b)) !== -Math.sign(compare(b, a)) || merge(a, b) !== merge(b, a)
              ? "merging is commutative"
              : merge(a, b).record.revision < Math.max(a.record.revision, b.record.revision)
                ? "the higher revision wins"
                : "";
          joined.set(key, wrong);
        }
        if (wrong) return wrong;
        for (let k = j + 1; k < all.length; k++) {
          const c = all[k];
          if (merge(a, merge(b, c)) !== merge(merge(a, b), c)) return "merging is associative";
        }
      }
    return undefined;
  }
}
