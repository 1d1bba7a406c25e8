import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "./event.js";
import { reduce } from "./reduce.js";
import { activeHold, type Own, standingOf, statusOf } from "./standing.js";
import {
  aCall,
  closedRecord,
  leasedRecord,
  NOW,
  news,
  opening,
  openRecord,
  ownWith,
  released,
  releasedRecord,
} from "./state.fixture.js";
import { INITIAL, type State } from "./state.js";

/** An event, and its delay after the one before, in ms. */
interface Happening {
  readonly afterMs: number;
  readonly what: (now: number, state: State) => Event;
}

const openMs = fc.integer({ min: 1, max: 3_000 });
const flag = fc.boolean();
const anOpening = fc
  .record({ ofThisHost: flag, storeDown: flag, random: fc.constantFrom(0, 0.5, 0.9) })
  .map(opening);

/** A record that the store may have, with growing revisions, as if other processes wrote all the time. */
const aRecord = fc
  .tuple(fc.constantFrom("open", "mine", "leased", "released", "closed"), openMs, flag)
  .map(([kind, ms, manual]) => (now: number, { record }: State) => {
    const revision = (record?.record.revision ?? 40) + 1;
    const of = {
      open: openRecord(now + ms, { manual }),
      mine: leasedRecord("mine", now + ms),
      leased: leasedRecord("x", now + ms),
      released: releasedRecord,
      closed: closedRecord,
    }[kind] as typeof closedRecord;
    return { ...of, record: { ...of.record, revision, generation: revision } };
  });

const aHappening: fc.Arbitrary<Happening> = fc.record({
  afterMs: fc.constantFrom(0, 0, 0, 49, 500, 1_000, 12_000),
  what: fc.oneof(
    fc
      .record({ waitMs: fc.constantFrom(0, 50), asked: flag, storeFails: flag })
      .map((call) => () => aCall(call)),
    anOpening.map((each) => () => ({ type: "tripped", opening: each }) as const),
    anOpening.map(
      (each) =>
        (_: number, { probe }: State): Event =>
          probe.kind === "running" ? { type: "probe-failed", opening: each } : { type: "time" },
    ),
    fc.constant(
      (_: number, { probe }: State): Event =>
        probe.kind === "running" ? { type: "probe-succeeded" } : { type: "time" },
    ),
    fc.record({ pauseMs: openMs, byItself: flag, leaseWaitMs: fc.constantFrom(0, 50) }).map(
      (how) =>
        (_: number, { probe }: State): Event =>
          probe.kind === "running" ? { ...released, ...how } : { type: "time" },
    ),
    aRecord.map((of) => (now: number, state: State) => news(of(now, state))),
    aRecord.map(
      (of) =>
        (now: number, state: State): Event => ({ type: "lease", record: of(now, state), outcome: "granted" }),
    ),
    fc.constantFrom("failed", "unneeded").map(
      (outcome) =>
        (_: number, { record }: State): Event =>
          ({ type: "lease", record, outcome }) as Event,
    ),
    fc.constantFrom("failed", "unneeded").map(
      (outcome) =>
        (_: number, { record, decision }: State): Event =>
          ({ type: "proposal", record, outcome, written: decision }) as Event,
    ),
    aRecord.map(
      (of) =>
        (now: number, state: State): Event => ({
          type: "proposal",
          record: of(now, state),
          outcome: "granted",
          written: state.decision,
        }),
    ),
    fc.record({ state: fc.constantFrom("open", "closed"), ms: openMs }).map(
      ({ state, ms }) =>
        (now: number): Event => ({
          type: "hold",
          hold: { state: state as "open" | "closed", untilMs: now + ms, record: {} as never },
        }),
    ),
    fc.constant((): Event => ({ type: "operator-opens", durationMs: 700, reason: "", storeDown: false })),
    fc.constant((): Event => ({ type: "time" })),
  ),
});

const anOwn: fc.Arbitrary<Own> = fc
  .record({
    scope: fc.constantFrom("fleet", "confirm", "process"),
    recovery: fc.constantFrom("probe", "all"),
    probes: fc.constantFrom(1, 2),
    quorum: fc.constantFrom(1, 2),
  })
  .map((changes) => ownWith(changes as Parameters<typeof ownWith>[0]));

/** Plays the events, and looks at each step. */
function follow(
  own: Own,
  happenings: readonly Happening[],
  look: (before: State, event: Event, step: ReturnType<typeof reduce>, now: number) => void,
): void {
  let state = INITIAL;
  let now = NOW;
  for (const { afterMs, what } of happenings) {
    now += afterMs;
    const event = what(now, state);
    const step = reduce(state, event, now, own);
    look(state, event, step, now);
    state = step.state;
  }
}

const anything = [anOwn, fc.array(aHappening, { maxLength: 40 })] as const;

describe("for any sequence of events", () => {
  test("state, announced event, admission and the answer to a call agree", () => {
    fc.assert(
      fc.property(...anything, (own, happenings) => {
        follow(own, happenings, (_, __, { state }, now) => {
          const { kind } = standingOf(state, now, own);
          const hold = activeHold(state, now);
          const { retryAfterMs } = statusOf(state, now, own);
          expect(state.announced === "closed").toBe(kind === "closed");
          const { answer } = reduce(state, aCall({ storeFails: true }), now, own);
          if (hold !== undefined) expect(answer).toBe(hold.state === "closed" ? "held" : "reject");
          else if (kind === "closed" || kind === "due") {
            expect(answer).toBe(kind === "closed" ? "closed" : "probe");
            expect(retryAfterMs).toBe(0);
          } else {
            expect(["reject", "nested"]).toContain(answer);
            expect(retryAfterMs).toBeGreaterThan(0);
          }
        });
      }),
    );
  });

  test("the epoch never decreases, and the admission changes only with a new epoch", () => {
    fc.assert(
      fc.property(...anything, (own, happenings) => {
        follow(own, happenings, (before, _, { state }) => {
          expect(state.epoch).toBeGreaterThanOrEqual(before.epoch);
          if (state.admissionKind !== before.admissionKind) expect(state.epoch).toBeGreaterThan(before.epoch);
        });
      }),
    );
  });

  test("one probe at a time runs here, and none beside another process's known lease", () => {
    fc.assert(
      fc.property(...anything, (own, happenings) => {
        follow(own, happenings, (before, _, { answer }, now) => {
          if (answer !== "probe") return;
          if (before.probe.kind === "running") expect(now).toBeGreaterThanOrEqual(before.probe.untilMs);
          const { record } = before;
          if (record?.record.owner === "x" && own.settings.scope === "fleet")
            expect(now).toBeGreaterThanOrEqual(record.deadline);
        });
      }),
    );
  });

  test("a call is admitted or probes within three attempts once events stop", () => {
    fc.assert(
      fc.property(...anything, (own, happenings) => {
        let state = INITIAL;
        let now = NOW;
        follow(own, happenings, (_, __, step, at) => {
          state = step.state;
          now = at;
        });
        const later = now + 1_000_000;
        const met = [aCall(), aCall({ asked: true }), aCall()].map((call, n) => {
          const step = reduce(state, call, later + n * 250, own);
          state = step.state;
          return step.answer;
        });
        expect(met.some((answer) => answer === "probe" || answer === "closed")).toBe(true);
      }),
    );
  });
});
