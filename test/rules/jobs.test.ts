import { describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { at, during, ending, fleet } from "./fleet.js";

type End = "at once" | "settled" | "close" | "settled and close";

/** A circuit that is due, in a store that far away, and jobs: processes that are called once, and end. */
async function due(delay: number) {
  const { clock, members, store } = await fleet(1, { timeout: 5, delay });
  await during(clock, 3_000, at(members, 0).fail);
  await clock.advance(6_000);
  let jobs = 0;
  /** Time passes until it ends, and no longer. */
  async function ended<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    work.then(end, end);
    for (let waited = 0; !over && waited < 5_000; waited += 10) await clock.advance(10);
    return work;
  }
  async function run(end: End, sync: boolean): Promise<string> {
    const link = store.connect({ delay });
    const job = createFailfast({ clock, store: link, host: `job${jobs++}` });
    const circuit = job("x", 5);
    const call = sync ? circuit(() => "done") : circuit(async () => "done");
    await ended(job.ready());
    const outcome = await ended(ending((async () => call())()));
    if (end.includes("settled")) await ended(job.settled());
    if (end.includes("close")) await ended(job.close());
    // As after `process.exit()`.
    link.mode = "hanging";
    await clock.advance(11 * 60_000);
    return outcome;
  }
  return { run, state: () => store.record("x")?.["state"] };
}

describe.each([1, 80, 300, 700])(
  "a job that is a new process each time, with the store %d ms away",
  (delay) => {
    describe.each([false, true])("and a sync function: %s", (sync) => {
      test.each<End>(["at once", "settled", "close", "settled and close"])(
        "is rejected once at most if it ends %s",
        async (end) => {
          const { run } = await due(delay);
          const outcomes: string[] = [];
          for (let n = 0; n < 6; n++) outcomes.push(await run(end, sync));
          expect(outcomes.slice(1)).toEqual(outcomes.slice(1).map(() => "ok"));
        },
      );

      test.each<End>(["settled", "settled and close"])(
        "closes the circuit if it ends with %s",
        async (end) => {
          const { run, state } = await due(delay);
          for (let n = 0; n < 2; n++) await run(end, sync);
          expect(state()).toBe("closed");
        },
      );
    });
  },
);
