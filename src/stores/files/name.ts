import { createHash, randomUUID } from "node:crypto";

const LONGEST = 200;

/** One record's place in the folder: a file per key and number, of which the highest number counts. */
export interface NumberedFile {
  readonly stem: string;
  readonly number: number;
}

/**
 * The part of a file name that stands for a text: injective, of lower case only since a file system may
 * ignore case, and short enough for a number behind it. Every UTF-16 unit is encoded by itself, so what
 * starts with a prefix has a stem that starts with the prefix's, unless it is hashed for its length.
 */
export function stemOf(text: string): string {
  const escaped = text.replace(
    /[^a-z0-9_-]/g,
    (unit) => `=${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (escaped.length <= LONGEST) return `k-${escaped}`;
  // As JSON, because UTF-8 would make all lone surrogates one.
  return `h-${createHash("sha256").update(JSON.stringify(text)).digest("hex")}`;
}

/** Whether a key with this stem may start with the prefix: only the record itself tells for a hashed one. */
export function mayStartWith(stem: string, prefix: string): boolean {
  if (stem.startsWith("h-")) return true;
  const start = stemOf(prefix);
  return start.startsWith("k-") && stem.startsWith(start);
}

export const fileName = ({ stem, number }: NumberedFile): string => `${stem}.${number}`;

export const temporaryName = (): string => `t-${randomUUID()}`;

export const isTemporary = (name: string): boolean => name.startsWith("t-");

/** `undefined` for temporary files, and for whatever else lies in the folder. */
export function parseName(name: string): NumberedFile | undefined {
  const [, stem, digits] = /^([kh]-[a-z0-9_=-]*)\.([1-9][0-9]{0,14})$/.exec(name) ?? [];
  return stem === undefined ? undefined : { stem, number: Number(digits) };
}
