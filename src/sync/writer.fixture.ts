import type { CircuitRecord } from "../protocol/record.js";
import { opened, type Stamp } from "../protocol/transition.js";
import type { Entry } from "./entry.js";
import { AHEAD, type Bench, bench, type Listener, listener, NOW, WALL } from "./replica.fixture.js";
import { type WriteOutcome, write } from "./writer.js";

export const STORE_NOW = WALL + AHEAD;

export interface Writing extends Bench {
  readonly entry: Entry<CircuitRecord>;
  readonly breaker: Listener;
  readonly outcomes: WriteOutcome[];
  readonly stamps: Stamp[];
  /** Writes an opening, or whatever `decide` returns. */
  begin(decide?: (stamp: Stamp) => CircuitRecord | null): void;
  /** The stored record. */
  stored(): unknown;
}

export const opens = (stamp: Stamp): CircuitRecord => opened(stamp, { duration: 1_000, reason: "mine" });

/** One circuit to write, in a store whose clock is known by default. */
export function writing(given: { without?: readonly "swap"[]; clock?: "known" | "unknown" } = {}): Writing {
  const set = bench(given.without);
  const breaker = listener();
  set.replica.subscribe("x", breaker);
  const entry = set.replica.circuit("x");
  if (given.clock !== "unknown") set.replica.storeClock.learn(STORE_NOW, NOW);
  const outcomes: WriteOutcome[] = [];
  const stamps: Stamp[] = [];
  return {
    ...set,
    entry,
    breaker,
    outcomes,
    stamps,
    begin(decide = opens) {
      write(
        set.replica,
        entry,
        (stamp) => {
          stamps.push(stamp);
          return decide(stamp);
        },
        (outcome) => void outcomes.push(outcome),
      );
    },
    stored: () => JSON.parse(set.store.held.get("circuit:x") ?? "null"),
  };
}
