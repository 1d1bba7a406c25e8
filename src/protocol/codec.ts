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
const LONGEST_NONCE = 64;
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

/** Reads a field; `undefined` for a value that this version of the protocol would not have written. */
type Read = (value: unknown) => unknown;

/** `otherwise`: the value of a field that was left out, or is `null`. */
const take =
  (isValid: (value: unknown) => boolean, otherwise?: unknown): Read =>
  (given) => {
    const value = given ?? otherwise;
    return isValid(value) ? value : undefined;
  };

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isTime = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
const isName = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value !== "" && value.length <= longest;

const text = take((value) => value === "" || isName(value, LONGEST_TEXT), "");
const count = take((value) => isWhole(value) && value >= 0 && value <= 1_000_000, 0);
const oneOf = (...states: unknown[]): Read => take((value) => states.includes(value));

type Fields<R> = Record<keyof R, Read>;

const FIELDS: Fields<VersionedRecord> = {
  v: oneOf(1),
  revision: take((value) => isWhole(value) && value >= 1),
  nonce: take((value) => isName(value, LONGEST_NONCE)),
  until: take(isTime, 0),
  duration: take((value) => isTime(value) && value <= LONGEST_DURATION, 0),
  by: text,
  reason: text,
  at: take(isTime),
  state: oneOf("open", "closed", "released"),
};

const CIRCUIT_FIELDS: Fields<CircuitRecord> = {
  ...FIELDS,
  state: oneOf("open", "half-open", "closed"),
  generation: take((value) => isWhole(value) && value >= 0, 0),
  owner: text,
  lapsed: count,
  passed: count,
  reopens: count,
  manual: take((value) => typeof value === "boolean", false),
  votes: readVotes,
};

/** Listed once: a list of a large store decodes 100 000 records. */
const ofHold = Object.entries(FIELDS);
const ofCircuit = Object.entries(CIRCUIT_FIELDS);

/** Reads a circuit's record; `undefined` for anything that this version of the protocol would not have written. */
export const decodeCircuit: Decode<CircuitRecord> = (raw, wall) => {
  const record = decode<CircuitRecord>(raw, wall, ofCircuit);
  if (record === undefined) return undefined;
  const { state, generation, revision, until } = record;
  if (generation > revision || (generation === 0 && state !== "closed")) return undefined;
  return state === "open" && until === 0 ? undefined : record;
};

/** Reads a hold; `undefined` for anything that this version of the protocol would not have written. */
export const decodeHold: Decode<HoldRecord> = (raw, wall) => decode<HoldRecord>(raw, wall, ofHold);

function decode<R extends VersionedRecord>(
  raw: string,
  wall: number,
  fields: readonly (readonly [string, Read])[],
): R | undefined {
  const given = parse(raw);
  const record: Record<string, unknown> = {};
  for (const [field, read] of fields) {
    const value = read(given[field]);
    if (value === undefined) return undefined;
    record[field] = value;
  }
  return (record as unknown as R).revision <= wall + REVISION_HORIZON ? (record as unknown as R) : undefined;
}

const NO_VOTES: readonly Vote[] = [];

function readVotes(given: unknown): readonly Vote[] | undefined {
  const value = given ?? NO_VOTES;
  if (!Array.isArray(value) || value.length > MOST_VOTES) return undefined;
  const votes: Vote[] = [];
  for (const each of value as unknown[]) {
    const { host, until } = (each ?? {}) as { host?: unknown; until?: unknown };
    // No vote ends at 0. It would also be written without its end, since zeros are left out.
    if (!isName(host, LONGEST_HOST) || !isTime(until) || until === 0) return undefined;
    votes.push({ host, until });
  }
  return votes.length === 0 ? NO_VOTES : votes;
}

function parse(raw: string): Record<string, unknown> {
  try {
    return raw.length > LONGEST_VALUE ? {} : (JSON.parse(raw) ?? {});
  } catch {
    return {};
  }
}

/** A host's name in the form that votes use. */
export const shortenHost = (host: string): string => host.slice(0, LONGEST_HOST);

/** Cuts a text to the length that every reader accepts. */
export const shorten = (value: string): string => value.slice(0, LONGEST_TEXT);
