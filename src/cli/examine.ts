import { randomUUID } from "node:crypto";
import type { Store } from "../options/store.js";
import { type Finding, finding } from "./finding.js";
import { clocks, expiry, lists, pushes, reads, roundTrip, sibling, swaps, writes } from "./store-tests.js";
import { within } from "./within.js";

/** Tries every method of a store, with keys that no circuit has, and removes those keys again. */
export async function* examine(store: Store): AsyncGenerator<Finding> {
  const prefix = `doctor:${randomUUID()}:`;
  const keys = new Set<string>();
  const key = (name: string): string => {
    keys.add(prefix + name);
    return prefix + name;
  };
  try {
    const first = await finding("reads", () => reads(store, key("nothing")));
    yield first;
    if (first.verdict === "failed") return;
    const written = await finding("writes and deletes", () => writes(store, key("written")));
    yield written;
    yield await finding("round trip", () => roundTrip(store, key("nothing")));
    if (written.verdict === "failed") return;
    yield await finding("expiry", () => expiry(store, key("short")));
    yield await finding("compare and swap", () => swaps(store, key("swapped")));
    yield await finding("list", () => lists(store, prefix, key("listed")));
    yield await finding("push", () => pushes(store, prefix, key("pushed")));
    yield await finding("clock", () => clocks(store, key("clock")));
    yield await finding("reports and trail", () => sibling(store, key("sibling")));
  } finally {
    for (const each of keys) await within(() => store.delete(each)).catch(() => undefined);
  }
}
