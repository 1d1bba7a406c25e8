// The state of the model: a store, what is on its way, three processes; and the one key of all states that
// differ only in what the time is and in how the processes are called.

/** A copy that a step may change: records, sightings, overlays and writes are replaced, never changed. */
export const fork = (world) => ({
  ...world,
  tied: false,
  tie: 1,
  members: world.members.map((member) => ({ ...member })),
});

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

/**
 * States with one key behave alike. Times count from now, and what is over is just that, in its order: revisions
 * below the clock, deadlines that have passed. Processes are interchangeable, those that crashed all the same.
 */
export function keyOf(world) {
  const { now, members } = world;
  const entries = entriesOf(world);
  const revision = ranks(now, revisionsOf(world, entries));
  const end = ranks(now, endsOf(entries));
  const deadline = (time) => (time <= now ? "-" : time - now);
  let nameOf;
  const name = (owner) => {
    if (owner === "") return "";
    const member = members[owner.charCodeAt(0) - 97];
    return member?.owner === owner ? nameOf(member.index) : "x";
  };

  const record = ({ record: r }) =>
    `${r.state[0]}${revision(r.revision)}.${revision(r.generation)}.${end(r.until)}.${name(r.owner)}.${r.lapsed}${r.passed}${r.reopens > 0 ? "r" : ""}${r.manual ? "m" : ""}${r.nonce[0]}${name(r.nonce.slice(1))}${r.votes.map(vote).join("")}`;
  const vote = ({ host, until }) => `/${nameOf(Number(host[1]))}${until <= now ? "-" : until - now}`;
  const entry = (found) => (found ? record(found) : found === null ? "0" : "?");
  const overlay = (its) =>
    its === null
      ? ""
      : `${its.state[0]}${revision(its.base)}${
          its.state === "open"
            ? `${deadline(its.until)}${its.manual ? "m" : ""}${its.apart ? "a" : ""}${its.reach[0]}${its.reopens}`
            : its.state === "half-open"
              ? its.passed
              : ""
        }`;
  const write = (its, mine) =>
    its === null
      ? ""
      : `${its.kind[0]}${its.phase[0]}${entry(its.over)}>${record(its.entry)}${its.overlay === mine.overlay ? "=" : overlay(its.overlay)}${its.phase === "refused" ? entry(its.found) : ""}`;
  const member = (its) =>
    [
      its.sighting === null ? "" : record(its.sighting) + deadline(its.sighting.deadline),
      revision(its.seen),
      its.stored?.raw === its.sighting?.raw ? "=" : `${entry(its.stored)}${deadline(its.storedDeadline)}`,
      overlay(its.overlay),
      write(its.write, its),
      its.probe === null ? "" : `${deadline(its.probe.until)}${its.probe.local ? "l" : "f"}`,
      `${its.term[0]}${revision(its.generation)}${its.call ? "c" : ""}${its.trial ? "t" : ""}`,
      `${its.strikes ? "s" : ""}${its.down ? "d" : ""}${its.restoring ? "r" : ""}`,
    ].join(",");

  // Each by itself, with only its own name: most often that puts them in an order, and one way to name them is left.
  const alone = members.map((its) => {
    nameOf = (index) => (index === its.index ? "m" : "o");
    return member(its);
  });
  const order = [...members.keys()].sort((a, b) => (alone[a] < alone[b] ? -1 : alone[a] > alone[b] ? 1 : 0));
  let least;
  for (const permutation of PERMUTATIONS[members.length]) {
    const inOrder = permutation.map((at) => order[at]);
    if (inOrder.some((at, n) => n > 0 && alone[at] < alone[inOrder[n - 1]])) continue;
    nameOf = (index) => inOrder.indexOf(index);
    const key = [
      ...inOrder.map((at) => member(members[at])),
      entry(world.store),
      entry(world.old),
      world.net.map(record).sort().join("+"),
      world.orphans
        .map((its) => write(its, NOBODY))
        .sort()
        .join("+"),
      Object.values(world.left).join(""),
      world.forgot ? "f" : "",
    ].join("|");
    if (least === undefined || key < least) least = key;
  }
  return least;
}

const NOBODY = { overlay: undefined };

/** All records that are anywhere, by their bytes. */
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
  for (const { sighting, stored, write } of world.members) {
    add(sighting);
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
  for (const { seen, overlay, write, generation } of world.members) {
    yield seen;
    yield generation;
    if (overlay) yield overlay.base;
    if (write?.overlay) yield write.overlay.base;
  }
  for (const { overlay } of world.orphans) if (overlay) yield overlay.base;
}

function* endsOf(entries) {
  for (const { record } of entries.values()) yield record.until;
}

/** From now on by their distance, before it by their order alone; 0 stays what it is. */
function ranks(now, times) {
  const past = [];
  for (const time of times) if (time < now && time !== 0 && !past.includes(time)) past.push(time);
  past.sort((a, b) => b - a);
  return (time) => (time === 0 ? "0" : time >= now ? `${time - now}` : `-${past.indexOf(time)}`);
}

/** 53 bits of a key (two rounds of 32, by cyrb53's mixing). */
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
