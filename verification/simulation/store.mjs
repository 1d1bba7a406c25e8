// The store that the fleet shares, and the network: messages arrive late, twice, or not at all.
import { RUBBISH } from "./plan.mjs";

export function simulatedStore(world, plan) {
  const { time, random, tell } = world;
  const entries = new Map();
  const history = [];
  const watchers = new Set();
  /** A request from within a busy loop is that far ahead of other events. */
  let lagMs = 0;
  const now = () => time.now() + lagMs + plan.storeSkew + 1_800_000_000_000;
  let mode = "up";
  let upSince = 0;

  const live = (key) => {
    const entry = entries.get(key);
    return entry !== undefined && entry.expires > now() ? entry.value : null;
  };
  const stamp = () => (plan.tells ? { now: now() } : {});
  function put(key, value, ttlMs, by) {
    const before = live(key);
    history.push(new Map(entries));
    if (history.length > 8) history.shift();
    entries.set(key, { value, expires: now() + ttlMs });
    world.checks.written(key, before, value, by, now());
    for (const watcher of watchers) watcher.push({ key, value, ...stamp() });
  }

  const verbs = {
    get: (_, key) => live(key),
    set: (by, key, value, ttlMs) => put(key, value, ttlMs, by),
    delete: (_, key) => void entries.delete(key),
    swap(by, key, expect, value, ttlMs) {
      const stored = live(key);
      if (stored !== expect) return { ok: false, value: stored, ...stamp() };
      put(key, value, ttlMs, by);
      return { ok: true, value, ...stamp() };
    },
    list: (_, prefix) =>
      [...entries.keys()]
        .filter((key) => key.startsWith(prefix) && live(key) !== null)
        .map((key) => ({ key, value: live(key), ...stamp() })),
  };
  const isWrite = { set: true, delete: true, swap: true };

  /** The store as one process reaches it. */
  function connect(member) {
    const { delay, loss, repeats, distanceMs = 0 } = plan.network;
    const calm = () => world.healed;
    const way = () =>
      (calm() ? 1 : delay * (0.5 + random())) +
      (mode === "slow" ? 500 : 0) +
      (distanceMs === 0 ? 0 : distanceMs * (0.45 + random() * 0.1));
    const lost = () => !calm() && random() < loss;
    const refuses = (verb) =>
      mode === "down" || mode === "refused" || (mode === "read-only" && isWrite[verb]);
    /** As a store in memory or in a file does it: synchronously, or it throws. */
    const now = (verb, args) => {
      member.operations++;
      if (refuses(verb)) throw new Error(`the store is ${mode}`);
      lagMs = member.lagMs();
      try {
        return verbs[verb](member.name, ...args);
      } finally {
        lagMs = 0;
      }
    };
    const send = (verb, args) => {
      if (plan.instant && mode !== "frozen" && member.cut === "") return now(verb, args);
      const [key] = args;
      member.requests.set(key, time.now());
      return travel(verb, args).finally(() => member.requests.delete(key));
    };
    const travel = (verb, args) =>
      new Promise((resolve, reject) => {
        member.operations++;
        if (mode === "refused" && member.cut === "") {
          reject(new Error("connection refused"));
          return;
        }
        if (member.cut === "both" || lost()) return;
        time.after(way() + member.lagMs(), () => {
          if (mode === "frozen") return;
          let answer;
          let error;
          if (refuses(verb)) error = new Error(`the store is ${mode}`);
          else answer = verbs[verb](member.name, ...args);
          if (member.cut === "both" || member.cut === "answers" || lost()) return;
          time.after(way(), () => member.whenAwake(() => (error ? reject(error) : resolve(answer))));
        });
      });
    const store = Object.fromEntries(Object.keys(verbs).map((verb) => [verb, (...args) => send(verb, args)]));
    store.watch = async (prefix, on) => {
      await send("list", [prefix]);
      const watcher = {
        push(entry) {
          const times = !calm() && random() < repeats ? 2 : 1;
          for (let n = 0; n < times; n++) {
            if (member.cut === "both" || member.cut === "pushes" || mode === "frozen" || lost()) continue;
            time.after(way(), () => member.whenAwake(() => on.change(entry)));
          }
        },
        gap: () => time.after(way(), () => member.whenAwake(() => on.gap())),
      };
      watchers.add(watcher);
      member.watchers.push(watcher);
      return { [Symbol.asyncDispose]: async () => void watchers.delete(watcher) };
    };
    if (plan.instant)
      store.watch = (_, on) => {
        const watcher = {
          push: (entry) => member.cut === "" && time.after(0, () => member.whenAwake(() => on.change(entry))),
          gap: () => time.after(0, () => member.whenAwake(() => on.gap())),
        };
        watchers.add(watcher);
        member.watchers.push(watcher);
        return { [Symbol.asyncDispose]: async () => void watchers.delete(watcher) };
      };
    for (const verb of plan.without) delete store[verb];
    return member.version === 1 ? store : asLaterVersion(store);
  }

  return {
    connect,
    now,
    live,
    disconnect(member) {
      for (const watcher of member.watchers) watchers.delete(watcher);
    },
    isUp: () => mode === "up",
    /** Requests from before may never be answered. */
    upSince: () => upSince,
    /** Every request fails at once. */
    refuses: () => mode === "refused" || (plan.instant && mode === "down"),
    /** The record of a circuit, if it is one. */
    record(name) {
      const value = live(`circuit:${name}`);
      return value === null || RUBBISH.includes(value) ? undefined : JSON.parse(value);
    },
    setMode(next) {
      mode = next;
      tell(`the store is ${next}`);
      if (next === "up") {
        upSince = time.now();
        for (const watcher of watchers) watcher.gap();
      }
    },
    empty() {
      entries.clear();
      for (const watcher of watchers) watcher.gap();
    },
    rollBack(by) {
      const old = history.at(-by);
      if (old === undefined) return;
      entries.clear();
      for (const [key, entry] of old) entries.set(key, entry);
    },
    evict: (key) => void entries.delete(key),
    spoil: (key, value) => void entries.set(key, { value, expires: now() + 1e9 }),
  };
}

/**
 * The store as a process of a later version sees it: it writes records of version 2 and reads both. Its records are
 * invalid bytes to those of version 1.
 */
function asLaterVersion(store) {
  const asStored = new Map();
  const read = (value) => {
    if (typeof value !== "string" || !value.startsWith('{"v":2,')) return value;
    const known = value.replace('{"v":2,', '{"v":1,');
    asStored.set(known, value);
    return known;
  };
  const write = (value) => {
    const later = value.replace('{"v":1,', '{"v":2,');
    asStored.set(value, later);
    return later;
  };
  const readEntry = (entry) => ({ ...entry, value: read(entry.value) });
  const later = {
    ...store,
    get: async (key) => read(await store.get(key)),
    set: (key, value, ttlMs) => store.set(key, write(value), ttlMs),
  };
  if (store.swap)
    later.swap = async (key, expect, value, ttlMs) => {
      const expected = asStored.get(expect) ?? expect;
      return readEntry(await store.swap(key, expected, write(value), ttlMs));
    };
  if (store.list) later.list = async (prefix) => (await store.list(prefix)).map(readEntry);
  if (store.watch)
    later.watch = (prefix, on) =>
      store.watch(prefix, { change: (entry) => on.change(readEntry(entry)), gap: on.gap });
  return later;
}
