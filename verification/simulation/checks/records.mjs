// What is written to the store: revisions grow, one lease runs at a time, and the back-off goes on or begins anew.
import { RUBBISH } from "../plan.mjs";
import { milliseconds } from "./facts.mjs";

export function checksOfRecords({ world, plan, fail, facts, ledger, stats, liveness }) {
  const { time } = world;
  const { isUpdated } = facts;
  /** By circuit: the revisions that say it is closed. */
  const closedRevisions = new Map();
  /** When each generation was first written, and with which state. */
  const begun = new Map();
  /** By key and revision: the record. If a store that lost writes gets another of that revision, the two are tied. */
  const numbered = new Map();
  const tied = new Set();
  /** Records that a later write replaced: if a store that lost writes shows one again, it is still over. */
  const superseded = new Set();
  /** By key: the highest revision. What was written after the store forgot it may be lower: it loses to what is known. */
  const highest = new Map();

  function remember(key, record, value) {
    if (key.startsWith("circuit:") && record.state === "closed") {
      const name = nameOf(key);
      if (!closedRevisions.has(name)) closedRevisions.set(name, new Set());
      closedRevisions.get(name).add(record.revision);
    }
    const number = `${key} ${record.revision}`;
    if ((numbered.get(number) ?? value) !== value) tied.add(number);
    numbered.set(number, value);
    highest.set(key, Math.max(highest.get(key) ?? 0, record.revision));
    const generation = `${key} ${record.generation}`;
    if (!begun.has(generation)) begun.set(generation, { at: time.now(), state: record.state });
  }

  /** A trip soon after a closing continues the back-off, a later one starts it again. */
  function grown(key, old, record, by, storeNow) {
    const { backoff } = plan.options;
    const { reopens = 0 } = old;
    if (!backoff || !facts.comparesTimes || reopens === 0 || record.manual) return;
    if (old.state !== "closed" || record.state !== "open") return;
    const name = nameOf(key);
    const lastMs = Math.min(plan.open * backoff.factor ** (reopens - 1), 10 * plan.open) * 1_000;
    const forgetMs =
      backoff.forget === undefined
        ? lastMs * (isUpdated("timeout", name) ? 2 : 1)
        : milliseconds(backoff.forget);
    const closedMs = storeNow - old.at;
    const told = `${by} opened ${key} closed for ${Math.round(closedMs)} ms: ${reopens} and now ${record.reopens}`;
    const soon = facts.storeIsWell && !isUpdated("timeout", name) && closedMs < forgetMs - 500;
    if (soon && (record.reopens ?? 0) < reopens) fail("too soon after it closed the back-off goes on", told);
    // What was decided while the store was away is written later, and that process may have closed it alone.
    const { opensSinceClosed, trippedAt, closedHereMs } = ledger.of({ name: by }, name);
    const surelyMs = Math.min(closedMs - (time.now() - trippedAt), closedHereMs);
    const late = opensSinceClosed === 1 && surelyMs > forgetMs + 2_000;
    if (late && (record.reopens ?? 0) > 0) fail("closed for long enough, the back-off begins anew", told);
  }

  /** The lease is taken only when the open time, or the lease of another, is over. */
  function taken(key, before, old, by, storeNow) {
    const over = superseded.has(before);
    const slow = plan.events.some(({ mode }) => mode === "slow") ? 500 : 0;
    const slack = 3 * plan.network.delay + old.duration / 500 + slow + 10;
    // Reads by `get` have no clock, so after a gap deadlines are compared by wall clocks, which are a minute apart
    // here.
    const timed = plan.tells && !plan.without.includes("list");
    // By its deadline, and by its beginning: the first writer may not know the store's clock yet.
    const sinceMs = time.now() - (begun.get(`${key} ${old.generation}`)?.at ?? 0);
    const leftMs = Math.min(old.until - storeNow, old.duration - sinceMs);
    // Of two that are tied, each process keeps the one that ends later by the store's clock.
    const known = !over && !tied.has(`${key} ${old.revision}`);
    if (!timed || !known || leftMs <= slack) return;
    const left = `with ${leftMs.toFixed(0)} ms left of`;
    if (old.state === "half-open" && old.owner)
      fail("one lease at a time", `${by} took the lease of ${key} ${left} ${old.owner}'s`);
    // Each process applies its own longest open time.
    if (old.state === "open" && !isUpdated("timeout", nameOf(key)))
      fail("no probe before the open time is over", `${by} took the lease of ${key} ${left} it`);
  }

  return {
    /** The state that began that generation of a circuit. */
    stateAt: (name, generation) => begun.get(`circuit:${name} ${generation}`)?.state ?? "closed",
    /** Whether somebody wrote that revision of a circuit, to say that it is closed. */
    closedBy: (name, revision) => closedRevisions.get(name)?.has(revision) ?? false,
    written(key, before, value, by, storeNow) {
      stats.writes++;
      const old = parse(before);
      const record = parse(value);
      if (record === undefined) return fail("records are readable", `${by} wrote ${value}`);
      const isCircuit = key.startsWith("circuit:");
      if (isCircuit) liveness.written(nameOf(key), by, old, record);
      const outranked = facts.losesRecords && old !== undefined && old.revision < highest.get(key);
      remember(key, record, value);
      if (old === undefined) return;
      if (isCircuit) grown(key, old, record, by, storeNow);
      // The older of two versions can't read what the newer one wrote, and takes it for invalid bytes.
      const comparable = !plan.without.includes("swap") && !plan.rollsOver;
      if (comparable && record.revision <= old.revision)
        fail("revisions grow", `${by} wrote revision ${record.revision} of ${key} over ${old.revision}`);
      const takes = record.state === "half-open" && record.owner && record.owner !== old.owner;
      // It probed while a guessed time, which is corrected since, made the record seem to be over.
      const isCorrected = old.state === "open" && old.revision !== old.generation;
      const probed = isCorrected && record.passed > (old.passed ?? 0);
      if (comparable && takes && !outranked && !probed) taken(key, before, old, by, storeNow);
      if (comparable && isCircuit && record.generation === old.generation && record.state !== old.state)
        fail(
          "a transition begins a generation",
          `${by} wrote ${old.state} to ${record.state} of ${key} in one generation`,
        );
      superseded.add(before);
    },
  };
}

const nameOf = (key) => key.slice("circuit:".length);

function parse(value) {
  if (value === null || RUBBISH.includes(value)) return undefined;
  try {
    const record = JSON.parse(value);
    return record?.v === 1 || record?.v === 2 ? record : undefined;
  } catch {
    return undefined;
  }
}
