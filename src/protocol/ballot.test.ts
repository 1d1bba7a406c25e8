import { describe, expect, test } from "vitest";
import { type Ballot, castVote, hasVoted, withdrawVote } from "./ballot.js";

const ballot: Ballot = { host: "me", quorum: 3, window: 100 };
const vote = (host: string, until: number): { host: string; until: number } => ({ host, until });
const LONG = "h".repeat(80);

describe("a host's vote", () => {
  test("lasts as long as the voter's own open time, and at least the window", () => {
    expect(castVote([], ballot, 1_000, 250.2)).toEqual([vote("me", 1_251)]);
    expect(castVote([], ballot, 1_000, 20)).toEqual([vote("me", 1_100)]);
  });

  test("replaces its earlier one", () => {
    expect(castVote([vote("me", 1_050), vote("other", 1_050)], ballot, 1_000, 200)).toEqual([
      vote("other", 1_050),
      vote("me", 1_200),
    ]);
  });

  test("is dropped when it has expired", () => {
    expect(
      castVote([vote("a", 999), vote("b", 1_000), vote("c", 1_001)], ballot, 1_000, 200).map(
        ({ host }) => host,
      ),
    ).toEqual(["c", "me"]);
  });

  test("is kept beside the newest others, no more than the quorum in all", () => {
    const others = ["a", "b", "c", "d"].map((host) => vote(host, 2_000));
    expect(castVote(others, ballot, 1_000, 200).map(({ host }) => host)).toEqual(["c", "d", "me"]);
  });

  test("is withdrawn without the others", () => {
    expect(withdrawVote([vote("a", 1), vote("me", 2)], "me")).toEqual([vote("a", 1)]);
    expect(withdrawVote([vote("a", 1)], "me")).toEqual([vote("a", 1)]);
  });

  test("is found by hasVoted()", () => {
    expect(hasVoted([vote("a", 1), vote("me", 2)], "me")).toBe(true);
    expect(hasVoted([vote("a", 1)], "me")).toBe(false);
    expect(hasVoted([], "me")).toBe(false);
  });

  test("is found only until its end", () => {
    const at = (now: number): boolean => hasVoted([vote("me", 1_000)], "me", now);
    expect([at(999), at(1_000)]).toEqual([true, false]);
  });

  test("has the host's name shortened in the same way everywhere", () => {
    const own = { ...ballot, host: LONG };
    const votes = castVote(castVote([], own, 1_000, 200), own, 1_000, 300);
    expect(votes).toEqual([vote("h".repeat(64), 1_300)]);
    expect(hasVoted(votes, LONG)).toBe(true);
    expect(withdrawVote(votes, LONG)).toEqual([]);
  });
});
