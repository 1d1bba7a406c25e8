// What must hold after every step, in any order of events: for the store, for each process, and for the fleet.
import { entriesOf } from "./key.mjs";
import { OPEN } from "./times.mjs";
import { writesOf } from "./writes.mjs";

const isMine = (my) => my.cached?.record.owner === my.owner;

export function checksOf(library, process, options) {
  const { compare, merge } = library;
  const { scope, mode, recovery } = options.settings ?? {};
  const longest = options.late ? 2 * OPEN : OPEN;
  const localOnly = scope === "process" || mode === "shadow";
  const wrongWrite = writesOf(options);
  const joined = new Map();

  return check;

  /** What is wrong with a process's step from one world to another, if anything. */
  function check(before, after, what, index) {
    if (what.lands && after.store !== before.store) {
      const wrong = wrongWrite(before, after, what.lands);
      if (wrong) return wrong;
    }
    for (const my of after.members) {
      const old = before.members[my.index];
      if (old.life !== my.life) continue;
      const wrong = replica(old, my) ?? circuit(before, after, old, my, my.index === index ? what : {});
      if (wrong) return `${wrong} (${my.owner})`;
    }
    return leases(after) ?? joins(after);
  }

  function replica({ cached: old }, { cached }) {
    if (old === undefined) return undefined;
    if (cached === undefined || cached.record.revision < old.record.revision)
      return "a replica only moves up";
    const { until, generation, state } = cached.record;
    const same =
      until === old.record.until && generation === old.record.generation && state === old.record.state;
    return until !== 0 && same && cached.deadline > old.deadline
      ? "a deadline only moves earlier"
      : undefined;
  }

  function circuit(before, after, old, my, what) {
    const { now } = after;
    const { decision, remoteOpen } = my.state;
    const { cached } = my;
    const stands = process.standing(after, my);
    const passes = stands.kind === "closed" || stands.kind === "due";
    if (stands.kind === "open" && stands.untilMs - now > longest)
      return "nothing is open for longer than its time";
    if (stands.kind === "closed" && process.standing(before, old).kind !== "closed" && recovery !== "all") {
      if (cached?.record.state !== "closed" && !what.probed) return "absence is not health";
    }
    if (my.state.leaseRequested !== (my.write?.kind === "lease" || my.leaseDelayed))
      return "a lease is asked for while its request is on its way";
    const obeys = !localOnly && remoteOpen !== "unconfirmed" && decision.base !== cached?.record.generation;
    const forbids = cached !== undefined && cached.record.state !== "closed" && now < cached.deadline;
    if (obeys && forbids && passes && !isMine(my)) return "what the fleet forbids is obeyed";
    if (
      decision.kind === "opened" &&
      !decision.provisional &&
      now < decision.untilMs &&
      stands.kind !== "open"
    )
      return "what a process decided itself is obeyed";
    const { decision: was } = old.state;
    const overruled = ["trip", "reset"].includes(old.write?.kind) && my.write === null;
    if (
      was.kind === "opened" &&
      was.madeOffline &&
      !was.provisional &&
      now < was.untilMs &&
      !overruled &&
      passes
    )
      return "what was decided apart is not forgotten";
    // A call that was admitted in an earlier epoch does not count.
    if (what.failed && stands.kind === "closed" && cached === old.cached)
      return "a failure opens it here at once";
    return undefined;
  }

  function leases(world) {
    if (world.forgot) return undefined;
    // With a decision under that lease it has released the lease, and does not know yet that this was written.
    const holders = world.members.filter(
      (my) =>
        isMine(my) &&
        world.now < my.cached.deadline &&
        my.state.decision.base !== my.cached.record.generation,
    );
    if (holders.length > 1) return `one lease at a time: ${holders.map(({ owner }) => owner).join(" and ")}`;
    const probing = world.members.filter(
      (my) => my.state.probe.kind === "running" && isMine(my) && world.now < my.cached.deadline,
    );
    return probing.length > 1 ? "one probe with a lease at a time" : undefined;
  }

  /** Any two and any three of all known records. */
  function joins(world) {
    const all = [...entriesOf(world).values()];
    for (let i = 0; i < all.length; i++)
      for (let j = i + 1; j < all.length; j++) {
        const [a, b] = [all[i], all[j]];
        const wrong = join(a, b);
        if (wrong) return wrong;
        for (let k = j + 1; k < all.length; k++)
          if (merge(a, merge(b, all[k])) !== merge(merge(a, b), all[k])) return "merging is associative";
      }
    return undefined;
  }

  function join(a, b) {
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
    return wrong;
  }
}
