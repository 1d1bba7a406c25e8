// One key for all states that differ only in the time and in the names of processes.
import { LEASE } from "./times.mjs";

const PERMUTATIONS = {
  1: [[0]],
  2: [
    [0, 1],
    [1, 0],
  ],
  3: [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ],
};

/** Fields on which nothing depends, or which follow from other fields. */
const LEFT_OUT = new Set([
  "v",
  "at",
  "reason",
  "duration",
  "durationMs",
  "raw",
  "epoch",
  "cause",
  "readable",
]);
const REVISIONS = new Set(["revision", "generation", "base", "seen"]);
const DEADLINES = new Set(["untilMs", "pausedUntilMs", "checkedUntilMs", "storedDeadline", "attemptDelayMs"]);
const NAMES = new Set(["owner", "by"]);

/**
 * States with one key behave alike. Times count from now. Past times keep only their order: revisions below the clock,
 * deadlines that have passed. Processes are interchangeable, also those that crashed.
 */
export function keyOf(world) {
  const { now, members } = world;
  const entries = entriesOf(world);
  const revision = ranks(now, revisionsOf(world, entries));
  const end = ranks(
    now,
    [...entries.values()].map(({ record }) => record.until),
  );
  let nameOf;
  /** What was written already under these names, because the same records are in many places. */
  let texts = new Map();
  let shown;
  const name = (owner) => {
    if (owner === "") return "";
    const member = members[owner.charCodeAt(0) - 97];
    return member?.owner === owner ? nameOf(member.index) : "x";
  };

  /** Every field that is not left out, so that a new field in a state makes states differ. */
  function text(value, field) {
    if (typeof value === "number") return number(value, field);
    if (typeof value === "string") {
      if (NAMES.has(field)) return name(value);
      if (field === "nonce") return value[0] + name(value.slice(1));
      if (field === "host") return nameOf(Number(value[1]));
      return value.length > 6 ? value[0] + value[5] : value;
    }
    if (typeof value !== "object" || value === null) return value === undefined ? "" : `${value}`[0];
    if (value === shown) return "=";
    if (Array.isArray(value)) return value.map((each) => text(each, field)).join("/");
    let all = texts.get(value);
    if (all !== undefined) return all;
    all = "(";
    for (const each in value) if (!LEFT_OUT.has(each)) all += `${text(value[each], each)},`;
    if (field === "record") texts.set(value, all);
    return all;
  }
  function number(value, field) {
    if (REVISIONS.has(field)) return revision(value);
    if (field === "until") return end(value);
    if (field === "deadline") return Math.max(value - now, -LEASE);
    if (DEADLINES.has(field)) return value <= now ? "-" : value - now;
    if (field === "reopens") return value > 0 ? 1 : 0;
    return value;
  }

  const write = (its, decision) =>
    its === null
      ? ""
      : `${its.kind[0]}${its.phase[0]}${text(its.over)}>${text(its.entry)}${its.written === decision ? "=" : text(its.written)}${its.phase === "refused" ? text(its.found) : ""}`;
  function member({ state, cached, seen, stored, ...its }) {
    shown = undefined;
    const sees = text(cached);
    shown = cached;
    return [
      sees,
      text(state),
      revision(seen),
      stored?.raw === cached?.raw ? "=" : `${text(stored)}${number(its.storedDeadline, "storedDeadline")}`,
      write(its.write, state.decision),
      its.operation,
      its.waiting.map((until) => until - now),
      its.call === undefined ? "" : "c",
      `${flag(its.late, "l")}${flag(its.leaseDelayed, "y")}${flag(its.restoring, "r")}${flag(its.strikes, "s")}${flag(its.down, "d")}${its.wanting}`,
    ].join(";");
  }

  // Each process by itself, with only its own name. In most cases that gives an order, so that only one way to name
  // the processes is left.
  const alone = members.map((its) => {
    nameOf = (index) => (index === its.index ? "m" : "o");
    texts = new Map();
    return (its.index === world.doubter ? "D" : "") + member(its);
  });
  const order = [...members.keys()].sort((a, b) => (alone[a] < alone[b] ? -1 : alone[a] > alone[b] ? 1 : 0));
  let least;
  for (const permutation of PERMUTATIONS[members.length]) {
    const inOrder = permutation.map((at) => order[at]);
    if (inOrder.some((at, n) => n > 0 && alone[at] < alone[inOrder[n - 1]])) continue;
    nameOf = (index) => inOrder.indexOf(index);
    texts = new Map();
    const fleet = inOrder.map((at) => member(members[at]));
    shown = undefined;
    const key = [
      ...fleet,
      text(world.store),
      text(world.old),
      world.net
        .map((each) => text(each))
        .sort()
        .join("+"),
      world.orphans
        .map((its) => write(its))
        .sort()
        .join("+"),
      Object.values(world.left).join(""),
      world.forgot ? "f" : "",
      text(world.hold),
    ].join("|");
    if (least === undefined || key < least) least = key;
  }
  return least;
}

const flag = (value, letter) => (value ? letter : "");

/** All records anywhere, by their bytes. */
export function entriesOf(world) {
  const entries = new Map();
  const add = (entry) => {
    if (entry) entries.set(entry.raw, entry);
  };
  add(world.store);
  add(world.old);
  for (const entry of world.net) add(entry);
  for (const { entry, over } of world.orphans) {
    add(entry);
    add(over);
  }
  for (const { cached, stored, write } of world.members) {
    add(cached);
    add(stored);
    if (write === null) continue;
    add(write.entry);
    add(write.over);
    add(write.found);
  }
  return entries;
}

function* revisionsOf(world, entries) {
  for (const { record } of entries.values()) {
    yield record.revision;
    yield record.generation;
  }
  for (const { seen, state, write } of world.members) {
    yield seen;
    yield state.decision.base ?? 0;
    yield write?.written?.base ?? 0;
  }
  for (const { written } of world.orphans) yield written?.base ?? 0;
}

/** Times from now on by their distance, earlier ones by their order only; 0 stays 0. */
function ranks(now, times) {
  const past = [];
  for (const time of times) if (time < now && time !== 0 && !past.includes(time)) past.push(time);
  past.sort((a, b) => b - a);
  return (time) => (time === 0 ? "0" : time >= now ? `${time - now}` : `-${past.indexOf(time)}`);
}

/** A key of 53 bits (two rounds of 32, by cyrb53's mixing). */
export function hashOf(key) {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
