import type { Store } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { warn } from "../runtime/platform.js";
import { systemClock } from "../runtime/system-clock.js";
import { answerOf } from "../sync/with-deadline.js";
import { placeOfReports } from "./place.js";

/** Something that an operator did. */
export interface AuditEntry {
  /** In ms since the epoch, by the store's clock if it has one. */
  readonly at: number;
  readonly verb: "trip" | "reset" | "hold" | "release";
  /** The circuit's name; if it is longer than 256 characters, its beginning and an ellipsis. */
  readonly circuit: string;
  readonly by: string;
  readonly reason: string | undefined;
  /** When it ends by itself; `undefined` if it doesn't. */
  readonly until: number | undefined;
  /** The state that a hold holds it in. */
  readonly holds?: "open" | "closed";
  /** The other circuits that the same command changed. */
  readonly others?: readonly string[];
  /** How many more there were, if there was no room for all. */
  readonly omitted?: number;
}

const KEY = "audit";
const NOT_WRITTEN =
  "is not on the audit trail, nor is what others do in this process until it can be written";
/** The newest entries that fit into the size that every store accepts. */
const MOST = 200;
const LONGEST = 60_000;
const LONGEST_TEXT = 256;
const LONGEST_OTHERS = 20_000;
const KEPT_MS = 90 * 24 * 3_600_000;
/** How long a write is retried while others write at the same time, in ms, and the longest pause between attempts. */
const TRIED_FOR_MS = 5_000;
const PAUSE_MS = 100;
/** So many requests may fail before it is given up. */
const TRIES = 3;
/** How long an operator waits for the trail, in ms. */
const WAITS_MS = 1_000;

/**
 * The entries that this process has to write: one write at a time; entries that come meanwhile go out with the next
 * one.
 */
interface Line {
  waiting: AuditEntry[];
  next: Promise<void> | undefined;
  last: Promise<unknown>;
  /** The last write failed, which has been said. */
  broken: boolean;
}

const lines = new WeakMap<Store, Line>();

/**
 * Adds an entry to the trail; the oldest entries are dropped. Where it can't be written, one process warning says so,
 * until it can be written again.
 */
export function appendAudit(place: Store, entry: AuditEntry, clock: Clock = systemClock): Promise<void> {
  const line = lines.get(place) ?? { waiting: [], next: undefined, last: Promise.resolve(), broken: false };
  lines.set(place, line);
  line.waiting.push(shortened(entry));
  line.next ??= line.last.then(() => {
    const added = line.waiting.reverse();
    line.waiting = [];
    line.next = undefined;
    const written = answerOf(clock, TRIED_FOR_MS, () => write(place, added, clock));
    line.last = written.then(
      () => {
        line.broken = false;
      },
      (error: unknown) => {
        if (!line.broken) warn("FAILFAST_TRAIL", `what ${added[0]?.by} did ${NOT_WRITTEN}: ${String(error)}`);
        line.broken = true;
      },
    );
    return written;
  });
  return line.next;
}

async function write(place: Store, added: readonly AuditEntry[], clock: Clock): Promise<void> {
  const until = clock.now() + TRIED_FOR_MS;
  let failures = 0;
  for (let most = PAUSE_MS / 8; clock.now() < until; most = Math.min(PAUSE_MS, 2 * most)) {
    try {
      if (await writeOnce(place, added, failures > 0)) return;
    } catch (error) {
      if (++failures === TRIES) throw error;
    }
    await new Promise<void>((again) => clock.after(most * clock.random(), again));
  }
  throw new Error("others wrote the audit trail at the same time, again and again");
}

/** `again`: an attempt failed before, and may have been carried out all the same. */
async function writeOnce(place: Store, added: readonly AuditEntry[], again: boolean): Promise<boolean> {
  const stored = (await place.get(KEY)) ?? null;
  const before = entriesIn(stored);
  const missing = again ? added.filter((entry) => !before.some((each) => isSame(each, entry))) : added;
  const entries = [...missing, ...before].slice(0, MOST);
  let text = JSON.stringify(entries);
  while (text.length > LONGEST) {
    entries.pop();
    text = JSON.stringify(entries);
  }
  if (place.swap !== undefined) return (await place.swap(KEY, stored, text, KEPT_MS)).ok;
  await place.set(KEY, text, KEPT_MS);
  return true;
}

const isSame = (a: AuditEntry, b: AuditEntry): boolean =>
  a.at === b.at &&
  a.verb === b.verb &&
  a.circuit === b.circuit &&
  a.by === b.by &&
  a.reason === b.reason &&
  a.until === b.until;

function shortened({ circuit, by, reason, others = [], omitted = 0, ...rest }: AuditEntry): AuditEntry {
  const kept: string[] = [];
  let length = 0;
  for (const other of others.map(cut)) {
    length += JSON.stringify(other).length + 1;
    if (length > LONGEST_OTHERS) break;
    kept.push(other);
  }
  const left = omitted + others.length - kept.length;
  return {
    ...rest,
    circuit: cut(circuit),
    by: cut(by),
    reason: reason && cut(reason),
    ...(kept.length > 0 && { others: kept }),
    ...(left > 0 && { omitted: left }),
  };
}

/** The same if that store keeps it, for at most a second; rejects with the store's error. */
export function leaveTrailIn(store: Store, clock: Clock, entry: AuditEntry): Promise<void> {
  const place = placeOfReports(store);
  if (place === undefined) return Promise.resolve();
  return answerOf(clock, WAITS_MS, () => appendAudit(place, entry, clock));
}

/** The newest first. */
export async function readAudit(place: Store, limit: number = MOST): Promise<readonly AuditEntry[]> {
  return entriesIn((await place.get(KEY)) ?? null).slice(0, Math.max(0, limit));
}

/** The stored value may come from anyone: what is not an entry is left out. */
export function entriesIn(stored: string | null): AuditEntry[] {
  try {
    const found: unknown = stored === null || stored.length > 4 * LONGEST ? [] : JSON.parse(stored);
    return Array.isArray(found) ? found.flatMap((each) => entryOf(each) ?? []) : [];
  } catch {
    return [];
  }
}

function entryOf(value: unknown): AuditEntry | undefined {
  const fields = (value ?? {}) as Record<keyof AuditEntry, unknown>;
  const { at, verb, circuit, by, reason, until, holds, others, omitted } = fields;
  if (!isTime(at) || (verb !== "trip" && verb !== "reset" && verb !== "hold" && verb !== "release"))
    return undefined;
  if (!isText(circuit) || !isText(by) || (reason !== undefined && !isText(reason))) return undefined;
  if (until !== undefined && !isTime(until)) return undefined;
  const held = holds === "open" || holds === "closed" ? { holds: holds as "open" | "closed" } : {};
  const more = Array.isArray(others) && others.every(isText) ? { others: others as string[] } : {};
  const left = isTime(omitted) ? { omitted } : {};
  return { at, verb, circuit, by, reason, until, ...held, ...more, ...left };
}

const cut = (text: string): string =>
  text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`;
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= LONGEST_TEXT;
const isTime = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= 8.64e15;
