import { createHash, randomUUID } from "node:crypto";

/** Short enough that the name, with a number and a draft's id, stays below the file system's limit of 255 bytes. */
const LONGEST = 200;
const HASHED = "%%";

/** A file of the store is named `<key>~<number>`, and its draft `<key>~<number>~<id>`. */
export interface FileName {
  /** The key, as a part of a file's name. */
  readonly base: string;
  readonly number: number;
  /** The whole name. */
  readonly file: string;
}

/**
 * A key as a part of a file's name: injective, short enough, and made only of `a-z 0-9 _ - %`. So it is the same on
 * file systems that ignore upper and lower case or normalise names.
 */
export function baseOf(key: string): string {
  const name = escaped(key);
  return name.length <= LONGEST ? name : HASHED + createHash("sha256").update(name).digest("hex");
}

/** Whether a key with this file name may start with the prefix. For a hashed one only the record tells. */
export function mayStartWith(base: string, prefix: string): boolean {
  return base.startsWith(HASHED) || base.startsWith(escaped(prefix));
}

export const numberedName = (base: string, number: number): string => `${base}~${number}`;

/** A new name in each call. */
export const draftName = (base: string, number: number): string =>
  `${numberedName(base, number)}~${randomUUID()}`;

/** `undefined` for a file that is not the store's. */
export function parseName(file: string): FileName | undefined {
  const [, base, number] = /^([a-z0-9_%-]*)~(\d{1,16})(?:~[0-9a-f-]{36})?$/.exec(file) ?? [];
  return base === undefined ? undefined : { base, number: Number(number), file };
}

/** The files of one key in a listing, lowest number first. */
export function filesOf(base: string, listing: readonly string[]): FileName[] {
  return filesByKey(listing.filter((file) => file.startsWith(`${base}~`))).get(base) ?? [];
}

/** The files of every key in a listing, lowest number first. */
export function filesByKey(listing: readonly string[]): Map<string, FileName[]> {
  const keys = new Map<string, FileName[]>();
  for (const file of listing) {
    const name = parseName(file);
    if (name === undefined) continue;
    const files = keys.get(name.base);
    if (files === undefined) keys.set(name.base, [name]);
    else files.push(name);
  }
  for (const files of keys.values()) files.sort((a, b) => a.number - b.number);
  return keys;
}

/** Unit by unit, so that a prefix of the text gives a prefix of the result. */
function escaped(text: string): string {
  return text.replace(/[^a-z0-9_-]/g, (unit) => {
    const hex = unit.charCodeAt(0).toString(16);
    return hex.length <= 2 ? `%${hex.padStart(2, "0")}` : `%u${hex.padStart(4, "0")}`;
  });
}
