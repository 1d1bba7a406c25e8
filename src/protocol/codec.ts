import {
  type CircuitRecord,
  type HoldRecord,
  MOST_VOTES,
  type VersionedRecord,
  type Vote,
} from "./record.js";

/** Longer values are not read: a record has about 300 characters. */
const LONGEST_VALUE = 4_096;
const LONGEST_TEXT = 256;
const LONGEST_HOST = 64;
const LONGEST_DURATION = 366 * 24 * 3_600_000;
/**
 * Revisions follow the store's clock in ms. A revision from centuries ahead was not made by this protocol, and
 * accepting it would leave no higher number to write.
 */
const REVISION_HORIZON = 2 ** 42;

export type Decode<R extends VersionedRecord> = (raw: string, wall: number) => R | undefined;

/** Small readable JSON, for an operator who uses the store's own shell. Empty and zero values are left out. */
export function encode(record: VersionedRecord): string {
  return JSON.stringify(record, (key, value) =>
    value === "" ||
    value === false ||
    (value === 0 && key !== "at") ||
    (key === "votes" && (value as readonly Vote[]).length === 0)
      ? undefined
      : value,
  );
}

/** Reads a circuit's record; `undefined` for anything that this version of the protocol would not have written. */
export const decodeCircuit: Decode<CircuitRecord> = (raw, wall) => {
  const fields = parse(raw);
  if (fields === undefined) return undefined;
  const common = decodeCommon(fields, wall);
  const state = fields["state"];
  if (common === undefined || (state !== "open" && state !== "half-open" && state !== "closed"))
    return undefined;
  const generation = fields["generation"] ?? 0;
  const owner = text(fields["owner"]);
  const lapsed = count(fields["lapsed"]);
  const passed = count(fields["passed"]);
  const reopens = count(fields["reopens"]);
  const manual = fields["manual"] ?? false;
  const votes = decodeVotes(fields["votes"]);
  if (!isWhole(generation) || generation < 0 || generation > common.revision || owner === undefined)
    return undefined;
  if (votes === undefined || (generation === 0 && state !== "closed")) return undefined;
  if (lapsed === undefined || passed === undefined || reopens === undefined) return undefined;
  if (typeof manual !== "boolean" || (state === "open" && common.until === 0)) return undefined;
  return { ...common, state, generation, owner, lapsed, passed, reopens, manual, votes };
};

/** Reads a hold; `undefined` for anything that this version of the protocol would not have written. */
export const decodeHold: Decode<HoldRecord> = (raw, wall) => {
  const fields = parse(raw);
  if (fields === undefined) return undefined;
  const common = decodeCommon(fields, wall);
  const state = fields["state"];
  if (common === undefined || (state !== "open" && state !== "closed" && state !== "released"))
    return undefined;
  return { ...common, state };
};

const NO_VOTES: readonly Vote[] = [];

function decodeVotes(value: unknown = NO_VOTES): readonly Vote[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_VOTES) return undefined;
  const votes: Vote[] = [];
  for (const each of value as unknown[]) {
    const { host, until } = (each ?? {}) as { host?: unknown; until?: unknown };
    if (typeof host !== "string" || host === "" || host.length > LONGEST_HOST) return undefined;
    // A vote that never counted belongs to nobody. Written again, its end would be left out, like every zero.
    if (!isTime(until) || until === 0) return undefined;
    votes.push({ host, until });
  }
  return votes.length === 0 ? NO_VOTES : votes;
}

function decodeCommon(
  fields: Record<string, unknown>,
  wall: number,
): Omit<VersionedRecord, "state"> | undefined {
  const revision = fields["revision"];
  const nonce = fields["nonce"];
  const until = fields["until"] ?? 0;
  const duration = fields["duration"] ?? 0;
  const by = text(fields["by"]);
  const reason = text(fields["reason"]);
  const at = fields["at"];
  if (fields["v"] !== 1 || !isWhole(revision) || revision < 1 || revision > wall + REVISION_HORIZON)
    return undefined;
  if (typeof nonce !== "string" || nonce.length < 1 || nonce.length > 64) return undefined;
  if (!isTime(until) || !isTime(at) || !isTime(duration) || duration > LONGEST_DURATION) return undefined;
  if (by === undefined || reason === undefined) return undefined;
  return { v: 1, revision, nonce, until, duration, by, reason, at };
}

function parse(raw: string): Record<string, unknown> | undefined {
  if (raw.length > LONGEST_VALUE) return undefined;
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isTime = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;

function text(value: unknown = ""): string | undefined {
  return typeof value === "string" && value.length <= LONGEST_TEXT ? value : undefined;
}

function count(value: unknown = 0): number | undefined {
  return isWhole(value) && value >= 0 && value <= 1_000_000 ? value : undefined;
}

/** A host's name in the form that votes use. */
export const shortenHost = (host: string): string => host.slice(0, LONGEST_HOST);

/** Cuts a text to the length that every reader accepts. */
export const shorten = (value: string): string => value.slice(0, LONGEST_TEXT);
