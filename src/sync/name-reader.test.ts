import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { KeyReader } from "./key-reader.js";
import { NameReader } from "./name-reader.js";
import { arrive, bench, deferred, isClosed, isOpen, listener } from "./replica.fixture.js";

/** Names are read one by one, since the store can't list. */
function reading() {
  const set = bench(["list"]);
  const { store, replica } = set;
  const names = new NameReader(replica, new KeyReader(replica));
  const outcomes: { ok: boolean }[] = [];
  const asked: string[] = [];
  store.get = (key) => {
    asked.push(key);
    return store.held.get(key) ?? null;
  };
  const done = (outcome: { ok: boolean }): void => void outcomes.push(outcome);
  /** The names whose circuits were read meanwhile, in order. */
  const readBy = (run: () => void): string[] => {
    asked.length = 0;
    run();
    return asked.filter((key) => key.startsWith("circuit:")).map((key) => key.slice("circuit:".length));
  };
  const next = (unbroken = true): string[] => readBy(() => names.readNext(unbroken, done));
  const readNew = (name: string): string[] => readBy(() => names.readNew(name, done));
  return { ...set, names, outcomes, asked, next, readNew };
}

const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `n${from + at}`);

/** So many names were all read, and are polled each second from now on. */
function readOnce(count: number) {
  const set = reading();
  for (const name of numbered(0, count)) set.names.add(name);
  set.next();
  set.names.saveUp(1_000);
  return set;
}

describe("names of a store that can't list", () => {
  test("are read when they come into use: each with its hold", () => {
    const { names, next, asked, outcomes } = reading();
    names.add("a");
    names.add("b");
    next();
    expect(asked).toEqual(["circuit:a", "hold:a", "circuit:b", "hold:b"]);
    expect(outcomes).toEqual([{ ok: true, value: undefined }]);
  });

  test("are read again after 700 ms, the one first that was not read for the longest time; one is always read", async () => {
    const { names, next, time } = reading();
    for (const name of ["a", "b", "c"]) names.add(name);
    expect(next()).toEqual(["a", "b", "c"]);
    await time.advance(699);
    expect(next()).toEqual(["a"]);
    await time.advance(1);
    expect(next()).toEqual(["b", "c"]);
    expect(next()).toEqual(["a"]);
  });

  test("are read at a rate: 990 at first, then 40 a second, and what polls further apart have saved up", async () => {
    const { names, next, time } = reading();
    for (const name of numbered(0, 2_000)) names.add(name);
    expect(next()).toEqual(numbered(0, 990));
    names.saveUp(1_000);
    await time.advance(1_000);
    expect(next()).toEqual(numbered(990, 40));
    await time.advance(1_000);
    expect(next()).toEqual(numbered(1_030, 40));
    await time.advance(500);
    expect(next()).toEqual(numbered(1_070, 25));
    names.saveUp(15_000);
    await time.advance(15_000);
    expect(next()).toEqual(numbered(1_095, 740));
  });

  test("are read at once when they come into use, up to ten between two polls; the next poll begins with the others", async () => {
    const { names, next, readNew, time, outcomes } = reading();
    for (const name of numbered(0, 1_000)) names.add(name);
    next();
    await time.advance(1_000);
    next();
    outcomes.length = 0;
    for (const name of numbered(2_000, 10)) expect(readNew(name)).toEqual([name]);
    expect(outcomes).toHaveLength(10);
    expect(readNew("late")).toEqual([]);
    await time.advance(1_000);
    expect(next()[0]).toBe("late");
    expect(readNew("later")).toEqual(["later"]);
  });

  test("that restrict or have something to propose get half of a poll, those that were called three quarters of the rest", async () => {
    const { names, next, replica, time } = readOnce(300);
    // Neither of these: one is closed, and one nobody uses.
    replica.subscribe("n90", listener());
    arrive(replica, replica.circuit("n90"), isClosed(40));
    arrive(replica, replica.circuit("n91"), isOpen(40, 60_000));
    for (const name of numbered(100, 15)) {
      replica.subscribe(name, listener());
      arrive(replica, replica.circuit(name), isOpen(40, 60_000));
    }
    for (const name of numbered(115, 10)) {
      replica.subscribe(name, listener({ pending: true }));
      replica.circuit(name);
    }
    await time.advance(2_001);
    for (const name of numbered(200, 30)) names.called(name);
    await time.advance(1_000);
    expect(next()).toEqual([...numbered(100, 20), ...numbered(200, 15), ...numbered(0, 5)]);
    await time.advance(1_000);
    const second = [...numbered(120, 5), ...numbered(100, 15)];
    expect(next(), "the oldest first").toEqual([...second, ...numbered(215, 15), ...numbered(5, 5)]);
    await time.advance(1_000);
    const third = [...numbered(115, 10), ...numbered(100, 10)];
    expect(next(), "no call came any more").toEqual([...third, ...numbered(10, 20)]);
  });

  test("that are called often are read at each poll, although many others are called now and then", async () => {
    const { names, next, time } = readOnce(900);
    const often = numbered(100, 10);
    await time.advance(2_001);
    const counts = new Map<string, number>();
    for (let poll = 0; poll < 12; poll++) {
      for (const name of often) names.called(name);
      for (const name of numbered(200 + 50 * poll, 50)) names.called(name);
      await time.advance(1_000);
      for (const name of next()) counts.set(name, 1 + (counts.get(name) ?? 0));
    }
    expect(often.map((name) => counts.get(name))).toEqual(often.map(() => 12));
    expect([...counts.keys()].filter((name) => !often.includes(name)).length).toBeGreaterThan(250);
  });

  test.each([
    ["half, beside a quarter for those called now and then, and a quarter for the others", 60, 20, 10],
    ["three quarters, where nothing else is called", 0, 30, 0],
  ])("that are called often get %s", async (_, now, often, called) => {
    const { names, next, time } = readOnce(900);
    await time.advance(2_000);
    for (const name of numbered(100, 60)) names.called(name);
    await time.advance(1);
    for (const name of numbered(200, now)) names.called(name);
    await time.advance(1_000);
    expect(next()).toEqual([...numbered(100, often), ...numbered(200, called), ...numbered(0, 10)]);
    await time.advance(1_000);
    const later = [...numbered(100 + often, often), ...numbered(200 + called, called), ...numbered(10, 10)];
    expect(next()).toEqual(later);
  });

  test("take turns if more of them are called often than a poll has room for", async () => {
    const { names, next, time } = readOnce(900);
    const often = numbered(0, 300);
    const read = new Set<string>();
    for (let poll = 0; poll < 12; poll++) {
      for (const name of often) names.called(name);
      await time.advance(1_000);
      for (const name of next()) read.add(name);
    }
    expect(often.filter((name) => !read.has(name))).toEqual([]);
  });

  test("take turns if more of them restrict calls than a poll has room for", async () => {
    const { names, next, time, replica } = reading();
    const open = numbered(400, 100);
    for (const name of [...numbered(0, 400), ...open]) names.add(name);
    next();
    for (const name of open) {
      replica.subscribe(name, listener());
      arrive(replica, replica.circuit(name), isOpen(40, 600_000));
    }
    names.saveUp(1_000);
    const read = new Set<string>();
    for (let poll = 0; poll < 5; poll++) {
      await time.advance(1_000);
      for (const name of next()) read.add(name);
    }
    expect(open.filter((name) => !read.has(name))).toEqual([]);
  });

  test("are not read before their turn for a call or a restriction, if they were read a moment ago or never", async () => {
    const { names, next, replica, time } = reading();
    for (const name of ["a", "b", "c"]) names.add(name);
    next();
    for (const name of ["b", "new"]) {
      replica.subscribe(name, listener({ pending: true }));
      replica.circuit(name);
      names.called(name);
    }
    await time.advance(699);
    expect(next()).toEqual(["a"]);
    await time.advance(1);
    expect(next()).toEqual(["b", "c"]);
  });

  test("are not read any more once they are forgotten", async () => {
    const { names, next, time, outcomes } = reading();
    for (const name of ["a", "b", "c"]) names.add(name);
    names.forget("b");
    expect(next()).toEqual(["a", "c"]);
    names.forget("a");
    names.forget("c");
    await time.advance(1_000);
    expect(next()).toEqual([]);
    expect(outcomes).toHaveLength(2);
  });

  test("renew the admission of their breakers when they are read, so that the next call is reported again", () => {
    const { names, next, replica } = reading();
    let told = 0;
    replica.subscribe("a", { ...listener(), renewAdmission: () => told++ });
    names.add("a");
    next();
    expect(told).toBe(1);
  });
});

describe("what a name is found to have", () => {
  test("is new if it was read within three seconds, and nothing was missed since", async () => {
    const { names, next, replica, store, time } = reading();
    const fresh: boolean[] = [];
    store.held.set("circuit:a", encode(isOpen(40)));
    replica.cache.deliver = (_, arrival) => fresh.push(arrival.fresh);
    names.add("a");
    for (const [ms, unbroken] of [
      [0, true],
      [3_000, true],
      [3_001, true],
      [1_000, false],
    ] as const) {
      await time.advance(ms);
      next(unbroken);
    }
    expect(fresh).toEqual([false, true, false, false]);
  });
});

describe("a read of names that fails", () => {
  test("is reported, and the names are due at once", async () => {
    const { names, next, store, outcomes, time } = reading();
    const { get } = store;
    store.get = () => Promise.reject(new Error("no"));
    names.add("a");
    names.add("b");
    names.readNext(true, (outcome) => outcomes.push(outcome));
    await time.advance(0);
    expect(outcomes).toMatchObject([{ ok: false }]);
    store.get = get;
    expect(next()).toEqual(["a", "b"]);
    expect(next(), "but not after one that succeeds").toEqual(["a"]);
  });

  test("does not bring back a name that was forgotten meanwhile", async () => {
    const { names, next, store, time } = reading();
    const { get } = store;
    const answer = deferred<null>();
    store.get = () => answer.promise;
    names.add("a");
    names.readNext(true, () => undefined);
    names.forget("a");
    answer.reject(new Error("no"));
    await time.advance(0);
    store.get = get;
    expect(next()).toEqual([]);
  });
});
