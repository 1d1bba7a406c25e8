import { expect, test } from "vitest";
import {
  HOLD_KEPT_MS,
  isHold,
  KEPT_MS,
  LEASE_LONGEST_MS,
  LEASE_MS,
  MOST_VOTES,
  OPERATOR_LONGEST_MS,
  type VersionedRecord,
} from "./record.js";

const HOUR = 3_600_000;

test("the times and numbers of the protocol stay the same, because several versions have to agree", () => {
  expect({ KEPT_MS, OPERATOR_LONGEST_MS, LEASE_MS, LEASE_LONGEST_MS, HOLD_KEPT_MS, MOST_VOTES }).toEqual({
    KEPT_MS: 24 * HOUR,
    OPERATOR_LONGEST_MS: 24 * HOUR,
    LEASE_MS: 10_000,
    LEASE_LONGEST_MS: 600_000,
    HOLD_KEPT_MS: 28 * 24 * HOUR,
    MOST_VOTES: 32,
  });
});

test("an operator's hold has no generation, and a circuit's record has one", () => {
  const fields = {
    v: 1,
    revision: 1,
    nonce: "n",
    until: 0,
    duration: 0,
    by: "ops",
    reason: "",
    at: 0,
  } as const;
  expect(isHold({ ...fields, state: "open" } as VersionedRecord)).toBe(true);
  expect(isHold({ ...fields, state: "open", generation: 1 } as unknown as VersionedRecord)).toBe(false);
});
