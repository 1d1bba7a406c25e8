import { describe, expect, test } from "vitest";
import { decodeCircuit, encode } from "../../protocol/codec.js";
import { encodeName } from "../../protocol/key.js";
import { closed, holdWritten, leased, opened, type Stamp, voted } from "../../protocol/transition.js";
import { pythonName } from "./key.js";
import { isFalse, readMarker } from "./marker.js";
import { announce, PYTHON, type Sides, settle } from "./settle.js";

const now = 1_767_225_600_000;
const stamp = (at: number, by = "host:1"): Stamp => ({ revision: at, nonce: "n", now: at, by });
const openFor = (duration: number, by?: string) => encode(opened(stamp(now, by), { duration, reason: "" }));
const settled = (sides: Partial<Sides>) =>
  settle({ marker: null, circuit: null, hold: null, now: now + 1_000, ...sides }, () => "m");
const written = (sides: Partial<Sides>) => {
  const step = settled(sides);
  if (step.do !== "write") throw new Error(`it would ${step.do}`);
  return { ...decodeCircuit(step.value, now), ttlMs: step.ttlMs };
};
const hold = (state: "open" | "closed" | "released", duration = 0) =>
  encode(holdWritten(stamp(now + 10), state, { duration, reason: "" }));

describe("a circuit that Python opened", () => {
  test("is open here for as long as its marker lives, whatever the records say", () => {
    expect(written({ marker: { left: 42_000 } })).toMatchObject({
      state: "open",
      by: PYTHON,
      until: now + 43_000,
      duration: 42_000,
      revision: now + 1_000,
    });
    const ahead = encode(closed(stamp(now + 90_000), ""));
    expect(written({ marker: { left: 42_000 }, circuit: ahead })).toMatchObject({ revision: now + 90_001 });
  });

  test("is open as long as its marker exists, if nobody knows how long that is", () => {
    expect(written({ marker: {} })).toMatchObject({ until: now + 61_000 });
    const circuit = openFor(60_000, PYTHON);
    expect(settled({ marker: {}, circuit }).do).toBe("nothing");
    expect(written({ marker: {}, circuit, now: now + 31_000 })).toMatchObject({ until: now + 91_000 });
  });

  test("is open for at most a day by one marker", () => {
    expect(written({ marker: { left: 1e12 } })).toMatchObject({ duration: 24 * 3_600_000 });
  });

  test("may be probed when its marker has gone, and no process writes the marker again", () => {
    expect(written({ circuit: openFor(60_000, PYTHON) })).toMatchObject({ state: "half-open", until: 0 });
  });

  test("stays open longer if Python opened it again, and keeps its number of reopenings", () => {
    const circuit = encode(opened(stamp(now), { duration: 10_000, reason: "", reopens: 3 }));
    expect(settled({ marker: { left: 9_500 }, circuit }).do).toBe("nothing");
    expect(written({ marker: { left: 30_000 }, circuit })).toMatchObject({ until: now + 31_000, reopens: 3 });
  });

  test("keeps its revision low, because a number far ahead is recognised as Python's", () => {
    const far = { ours: 9_999_999_999_999, left: 9_000 };
    expect(written({ marker: far })).toMatchObject({ revision: now + 1_000, reason: "opened by Python" });
    expect(readMarker({ bytes: "9999999999999999" })).toEqual({ left: undefined });
  });

  test("is opened again while a process here probes it", () => {
    const lease = encode(leased(stamp(now), null, { owner: "o", duration: 10_000, lapsed: 0 }));
    expect(written({ marker: { left: 5_000 }, circuit: lease })).toMatchObject({ state: "open" });
  });
});

describe("a circuit that is open here", () => {
  test("gets a marker for the time that is left", () => {
    expect(settled({ circuit: openFor(60_000) })).toEqual({ do: "mark", mark: now, ms: 59_000 });
  });

  test("gets a new marker if the old one ends sooner, even if Python wrote that", () => {
    const circuit = openFor(60_000);
    for (const marker of [{ left: 20_000 }, { ours: now, left: 20_000 }, { ours: now - 1 }]) {
      expect(settled({ marker, circuit })).toMatchObject({ do: "mark", ms: 59_000 });
    }
    for (const marker of [{ ours: now, left: 58_500 }, { ours: now }, { left: 59_500 }, {}]) {
      expect(settled({ marker, circuit, now: now + 500 }).do).toBe("nothing");
    }
  });

  test("gets no marker beyond its own end: one that outlives it is deleted", () => {
    const over = openFor(500);
    expect(settled({ marker: { ours: now, left: 900 }, circuit: over }).do).toBe("clear");
    expect(settled({ marker: { ours: now }, circuit: encode(closed(stamp(now + 1), "")) }).do).toBe("clear");
  });

  test("gets no marker when closed, half-open, over or without a record", () => {
    const lease = encode(leased(stamp(now), null, { owner: "o", duration: 10_000, lapsed: 0 }));
    for (const circuit of [null, encode(closed(stamp(now), "")), lease, openFor(500), "rubbish", "{}"])
      expect(settled({ circuit }).do).toBe("nothing");
  });

  test("follows a marker newer than all records, which the store must have lost", () => {
    for (const circuit of [null, "rubbish", encode(closed(stamp(now - 1), ""))]) {
      expect(written({ marker: { ours: now, left: 9_000 }, circuit })).toMatchObject({
        state: "open",
        until: now + 10_000,
      });
    }
  });
});

describe("an operator's hold", () => {
  test("open writes a marker until its end, or for a day at a time", () => {
    expect(settled({ hold: hold("open", 30_000) })).toEqual({ do: "mark", mark: now + 10, ms: 29_010 });
    const day = 24 * 3_600_000;
    expect(settled({ hold: hold("open") })).toEqual({ do: "mark", mark: now + 10, ms: day });
    const marker = { ours: now + 10, left: day / 2 + 1 };
    expect(settled({ hold: hold("open"), marker }).do).toBe("nothing");
    expect(settled({ hold: hold("open"), marker: { ...marker, left: day / 2 - 1 } }).do).toBe("mark");
  });

  test("closed deletes our marker, and an open circuit gets none under it", () => {
    const circuit = openFor(60_000);
    expect(settled({ circuit, hold: hold("closed"), marker: { ours: now, left: 9_000 } }).do).toBe("clear");
    expect(settled({ circuit, hold: hold("closed") }).do).toBe("nothing");
  });

  test("released deletes its marker", () => {
    const marker = { ours: now + 5, left: 9_000 };
    expect(settled({ hold: hold("released"), marker }).do).toBe("clear");
  });
});

test("openings and closings write markers at once, votes and leases do not", () => {
  expect(announce("circuit", openFor(60_000), now)).toEqual({ do: "mark", mark: now, ms: 60_000 });
  expect(announce("circuit", openFor(60_000, PYTHON), now).do).toBe("nothing");
  expect(announce("circuit", encode(closed(stamp(now), "")), now).do).toBe("clear");
  const votes = [{ host: "h", until: now + 1 }];
  expect(announce("circuit", encode(voted(stamp(now), null, votes)), now).do).toBe("nothing");
  expect(announce("circuit", "anything", now).do).toBe("nothing");
  expect(announce("hold", hold("open"), now).do).toBe("mark");
  expect(announce("hold", hold("closed"), now).do).toBe("clear");
  expect(announce("hold", hold("released"), now).do).toBe("clear");
  expect(announce("hold", "anything", now).do).toBe("nothing");
});

test("a value that Python takes for false is no marker, and any unknown value is one", () => {
  for (const bytes of ["0", "false", "null", "\x80\x05\x89.", "\x80\x02N.", "\x80\x05K\0.", "N.", "I00\n."])
    expect([isFalse(bytes), readMarker({ bytes })]).toEqual([true, null]);
  for (const bytes of ["1", "true", "\x80\x05\x88.", "\x80\x04\x88.", "", "\0\xff", "{", "open", "-1"])
    expect(readMarker({ bytes, left: 5 })).toEqual({ left: 5 });
  expect(readMarker({ bytes: "1767225600000" })).toEqual({ ours: now });
  expect(readMarker({ bytes: null })).toBe(null);
});

test("names are read back as they were given, or not at all", () => {
  for (const name of ["", "sales_api", "a b", "%", "~", "ünï:☃", "{x}\r\n", "🙂"])
    expect(pythonName(encodeName(name))).toBe(name);
  for (const name of ["x".repeat(161), "\ud83d"]) expect(pythonName(encodeName(name))).toBeUndefined();
});
