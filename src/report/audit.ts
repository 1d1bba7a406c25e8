import type { Store } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { withDeadline } from "../sync/with-deadline.js";
import { placeOfReports } from "./place.js";

/** Something that an operator did. */
export interface AuditEntry {
  /** In ms since the epoch, by the store's clock where it has one. */
  readonly at: number;
  readonly verb: "trip" | "reset" | "hold" | "release";
  /** The circuit's name; of one longer than 256 characters its beginning and an ellipsis. */
  readonly circuit: string;
  readonly by: string;
  readonly reason: string | undefined;
  /** When it ends by itself; `undefined` where it doesn't. */
  readonly until: number | undefined;
  /** As what a hold holds it. */
  readonly holds?: "open" | "closed";
}

const KEY = "audit";
/** The newest entries, and no more characters than any store takes. */
const MOST = 200;
const LONGEST = 60_000;
const LONGEST_TEXT = 256;
const KEPT_MS = 90 * 24 * 3_600_000;
/** Operators rarely do two things at once, but `failfast trip '*'` does. */
const ATTEMPTS = 20;
/** How long an operator waits for the trail, in ms. */
const WAITS_MS = 1_000;

/** Puts an entry on the trail; the oldest are dropped. */
export async function appendAudit(place: Store, entry: AuditEntry): Promise<void> {
  const { circuit, by, reason, ...rest } = entry;
  const added = {
    ...rest,
    circuit: cut(circuit),
    by: cut(by),
    reason: reason && cut(reason),
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stored = (await place.get(KEY)) ?? null;
    const entries = [added, ...entriesIn(stored)].slice(0, MOST);
    let text = JSON.stringify(entries);
    while (text.length > LONGEST) {
      entries.pop();
      text = JSON.stringify(entries);
    }
    if (place.swap === undefined) {
      await place.set(KEY, text, KEPT_MS);
      return;
    }
    if ((await place.swap(KEY, stored, text, KEPT_MS)).ok) return;
  }
  throw new Error(`the audit trail changed under each of ${ATTEMPTS} attempts`);
}

/** The same where that store keeps it, for a second at most; rejects with what the store says. */
export function leaveTrailIn(store: Store, clock: Clock, entry: AuditEntry): Promise<void> {
  const place = placeOfReports(store);
  if (place === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    withDeadline(
      clock,
      WAITS_MS,
      () => appendAudit(place, entry),
      (outcome) => (outcome.ok ? resolve() : reject(outcome.error)),
    );
  });
}

/** The newest first. */
export async function readAudit(place: Store, limit: number = MOST): Promise<readonly AuditEntry[]> {
  return entriesIn((await place.get(KEY)) ?? null).slice(0, Math.max(0, limit));
}

/** What is stored is anybody's: what is no entry is left out. */
export function entriesIn(stored: string | null): AuditEntry[] {
  try {
    const found: unknown = stored === null || stored.length > 4 * LONGEST ? [] : JSON.parse(stored);
    return Array.isArray(found) ? found.flatMap((each) => entryOf(each) ?? []) : [];
  } catch {
    return [];
  }
}

function entryOf(value: unknown): AuditEntry | undefined {
  const { at, verb, circuit, by, reason, until, holds } = (value ?? {}) as Record<keyof AuditEntry, unknown>;
  if (!isTime(at) || (verb !== "trip" && verb !== "reset" && verb !== "hold" && verb !== "release"))
    return undefined;
  if (!isText(circuit) || !isText(by) || (reason !== undefined && !isText(reason))) return undefined;
  if (until !== undefined && !isTime(until)) return undefined;
  const held = holds === "open" || holds === "closed" ? { holds } : {};
  return { at, verb, circuit, by, reason, until, ...held } as AuditEntry;
}

const cut = (text: string): string =>
  text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`;
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= LONGEST_TEXT;
const isTime = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= 8.64e15;
