import { describe, expect, test } from "vitest";
import type { CircuitRecord } from "./record.js";
import {
  closed,
  corrected,
  holdWritten,
  leased,
  leaseReleased,
  nextRevision,
  opened,
  renewed,
  type Stamp,
  voted,
} from "./transition.js";

const stamp: Stamp = { revision: 70, nonce: "n", now: 1_000, by: "host/1" };
const before: CircuitRecord = {
  v: 1,
  revision: 9,
  generation: 8,
  nonce: "old",
  state: "half-open",
  until: 900,
  duration: 100,
  by: "other/2",
  reason: "TimeoutError",
  at: 800,
  owner: "other",
  lapsed: 4,
  passed: 1,
  reopens: 2,
  manual: true,
  votes: [{ host: "h", until: 950 }],
};
/** The result of a transition without its state and its times. */
const begun = {
  v: 1,
  revision: 70,
  generation: 70,
  nonce: "n",
  by: "host/1",
  at: 1_000,
  owner: "",
  lapsed: 0,
  passed: 0,
  reopens: 0,
  manual: false,
  votes: [],
};

describe("the revision of the next write", () => {
  test.each([
    [5, 1_000, 1_000],
    [5, 1_000.9, 1_000],
    [1_000, 1_000, 1_001],
    [2_000, 1_000, 2_001],
  ])("above %i, at %f in the store, is %i", (seen, now, revision) => {
    expect(nextRevision(seen, now)).toBe(revision);
  });
});

describe("a transition begins a generation", () => {
  test("to open, by a failure or by an operator", () => {
    expect(opened(stamp, { duration: 50, reason: "Error" })).toEqual({
      ...begun,
      state: "open",
      until: 1_050,
      duration: 50,
      reason: "Error",
    });
    expect(opened(stamp, { duration: 50, reason: "", manual: true, reopens: 3 })).toEqual({
      ...begun,
      state: "open",
      until: 1_050,
      duration: 50,
      reason: "",
      manual: true,
      reopens: 3,
    });
  });

  test("to half-open by a lease, which keeps the outage's details", () => {
    expect(leased(stamp, before, { owner: "me", duration: 200, lapsed: 1 })).toEqual({
      ...begun,
      state: "half-open",
      until: 1_200,
      duration: 200,
      reason: "TimeoutError",
      owner: "me",
      lapsed: 1,
      passed: 1,
      reopens: 2,
      votes: before.votes,
    });
    expect(leased(stamp, null, { owner: "me", duration: 200, lapsed: 0 })).toEqual({
      ...begun,
      state: "half-open",
      until: 1_200,
      duration: 200,
      reason: "",
      owner: "me",
    });
  });

  test("to half-open by a released lease, which has neither owner nor end", () => {
    expect(leaseReleased(stamp, before, 2)).toEqual({
      ...begun,
      state: "half-open",
      until: 0,
      duration: 0,
      reason: "TimeoutError",
      passed: 2,
      reopens: 2,
      votes: before.votes,
    });
    expect(leaseReleased(stamp, null, 0)).toEqual({
      ...begun,
      state: "half-open",
      until: 0,
      duration: 0,
      reason: "",
    });
  });

  test("to closed", () => {
    expect(closed(stamp, "reset")).toEqual({
      ...begun,
      state: "closed",
      until: 0,
      duration: 0,
      reason: "reset",
    });
  });
});

describe("a write without a transition keeps the generation", () => {
  test("a vote changes only the revision, the nonce and the votes", () => {
    const votes = [{ host: "me", until: 1_500 }];
    expect(voted(stamp, before, votes)).toEqual({ ...before, revision: 70, nonce: "n", votes });
  });

  test("a vote without a record makes a closed record of generation 0", () => {
    const votes = [{ host: "me", until: 1_500 }];
    expect(voted(stamp, null, votes)).toEqual({
      ...begun,
      generation: 0,
      state: "closed",
      until: 0,
      duration: 0,
      reason: "",
      votes,
    });
  });

  test("a renewal changes only the revision and the nonce", () => {
    expect(renewed(stamp, before)).toEqual({ ...before, revision: 70, nonce: "n" });
  });
});

describe("a hold's record", () => {
  const common = { v: 1, revision: 70, nonce: "n", by: "host/1", at: 1_000 };

  test("is made with an end and without", () => {
    expect(holdWritten(stamp, "open", { duration: 30, reason: "drill" })).toEqual({
      ...common,
      state: "open",
      until: 1_030,
      duration: 30,
      reason: "drill",
    });
    expect(holdWritten(stamp, "closed", { duration: 0, reason: "" })).toEqual({
      ...common,
      state: "closed",
      until: 0,
      duration: 0,
      reason: "",
    });
  });

  test("has a reason cut to the length that every reader accepts", () => {
    const long = "x".repeat(300);
    const record = holdWritten({ ...stamp, by: long }, "open", { duration: 0, reason: long });
    expect([record.by.length, record.reason.length]).toEqual([256, 256]);
    const other = closed({ ...stamp, by: long }, long);
    expect([other.by.length, other.reason.length]).toEqual([256, 256]);
  });
});

describe("a record written with a wrong guess of the store's time", () => {
  test("is moved by the error, under a new revision and the same generation", () => {
    expect(corrected(stamp, before, 30)).toEqual({
      ...before,
      revision: 70,
      nonce: "n",
      at: 830,
      until: 930,
    });
  });

  test("keeps times that are none", () => {
    expect(corrected(stamp, { ...before, at: 0, until: 0 }, 30)).toMatchObject({ at: 0, until: 0 });
  });

  test("has its votes moved too if it is closed, since they are the writer's own; older votes stay", () => {
    const votes = [{ host: "h", until: 950 }];
    expect(corrected(stamp, { ...before, votes }, 30).votes).toBe(votes);
    const ended = { ...before, state: "closed", votes } as const;
    expect(corrected(stamp, ended, 30).votes).toEqual([{ host: "h", until: 980 }]);
    const none: CircuitRecord = { ...ended, votes: [] };
    expect(corrected(stamp, none, 30).votes).toBe(none.votes);
  });

  test("may be a hold, which has no votes", () => {
    const held = holdWritten(stamp, "open", { duration: 100, reason: "" });
    expect(corrected(stamp, held, 30)).toEqual({ ...held, at: held.at + 30, until: held.until + 30 });
  });
});
