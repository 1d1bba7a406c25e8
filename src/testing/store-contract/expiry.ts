import { StoreContractError, same } from "./error.js";
import { type Cases, LONG_MS } from "./fixture.js";
import { eventually, stopwatch } from "./wait.js";

const SIXTY_DAYS_MS = 60 * 24 * 3_600_000;
/** Two clocks that count whole milliseconds may differ by this much. */
const CLOCK_SLACK_MS = 10;

/** A value lives as long as its latest writer said. */
export const expiryCases: Cases = {
  "ttl: a value is there until its time is up, and gone after it": async ({
    here,
    there,
    key,
    shortMs,
    gone,
  }) => {
    const start = stopwatch();
    await here.set(key("a"), "value", shortMs);
    await gone(key("a"));
    const elapsed = stopwatch() - start;
    if (elapsed < shortMs - CLOCK_SLACK_MS) {
      throw new StoreContractError(
        "get",
        `the value for ${shortMs} ms`,
        `nothing after ${elapsed.toFixed()} ms`,
      );
    }
    same("get", await there.get(key("a")), null, "from another handle, after its time to live");
  },

  "ttl: set again for longer, a value outlives the first time": async ({ here, key, shortMs, lapse }) => {
    await here.set(key("a"), "first", shortMs);
    await here.set(key("a"), "second", LONG_MS);
    await lapse();
    same("get", await here.get(key("a")), "second", `after the ${shortMs} ms of the value it replaced`);
  },

  "ttl: set again for a shorter time, a value is gone after that": async ({ here, key, shortMs, gone }) => {
    await here.set(key("a"), "first", LONG_MS);
    await here.set(key("a"), "second", shortMs);
    await gone(key("a"));
  },

  "ttl: set again after it expired, a value stays": async ({ here, key, shortMs, gone, lapse }) => {
    await here.set(key("a"), "first", shortMs);
    await gone(key("a"));
    await here.set(key("a"), "second", LONG_MS);
    await lapse();
    same("get", await here.get(key("a")), "second", "when set after the first one had expired");
  },

  // In case a timer has 31 bits of ms, or a server takes more than 30 days for a date.
  "ttl: 60 days are not cut short": async ({ here, key, lapse }) => {
    await here.set(key("a"), "value", SIXTY_DAYS_MS);
    await lapse();
    same("get", await here.get(key("a")), "value", "long before its 60 days are over");
    await here.delete(key("a"));
  },
};

/** The same of a swap. */
export const swapExpiryCases: Cases = {
  "swap: its time to live counts, from nothing": async ({ here, key, shortMs, gone }) => {
    await here.swap(key("a"), null, "value", shortMs);
    await gone(key("a"));
  },

  "swap: its time to live replaces a longer one": async ({ here, key, shortMs, gone }) => {
    await here.set(key("a"), "first", LONG_MS);
    await here.swap(key("a"), "first", "second", shortMs);
    await gone(key("a"));
  },

  "swap: its time to live replaces a shorter one": async ({ here, key, shortMs, goneWithinMs, lapse }) => {
    // Repeated if the first value expired before a busy store came to the swap.
    const { ok } = await eventually(
      async () => {
        await here.set(key("a"), "first", shortMs);
        return here.swap(key("a"), "first", "second", LONG_MS);
      },
      (result) => result.ok,
      goneWithinMs,
    );
    same("swap", ok, true, "as ok, where what is stored was expected");
    await lapse();
    same("get", await here.get(key("a")), "second", `after the ${shortMs} ms of the value it replaced`);
  },

  "swap: one that fails leaves the time to live as it was": async ({ here, key, shortMs, gone }) => {
    await here.set(key("a"), "value", shortMs);
    await here.swap(key("a"), "another", "never", LONG_MS);
    await gone(key("a"));
  },

  "swap: what has expired is nothing": async ({ here, there, key, shortMs, goneWithinMs }) => {
    await here.set(key("b"), "first", shortMs);
    await here.set(key("a"), "first", shortMs);
    // Without a read in between: in some stores the read removes it.
    const result = await eventually(
      () => there.swap(key("a"), null, "second", LONG_MS),
      ({ ok }) => ok,
      goneWithinMs,
    );
    same("swap", result.ok, true, "as ok, where nothing was expected and what was stored has expired");
    same("get", await here.get(key("a")), "second", "after a swap onto what had expired");

    const refused = await here.swap(key("b"), "first", "second", LONG_MS);
    same("swap", refused.ok, false, "as ok, where the value expected has expired");
    same("swap", refused.value, null, "as the value stored now, which has expired");
  },
};
