/** The content of a file. */
export interface FileRecord {
  readonly key: string;
  readonly value: string;
  /** In ms since the epoch; 0 if the key was deleted. */
  readonly expires: number;
}

// JSON, because it keeps every string unchanged, including lone surrogates, and because a cut JSON text is not JSON: a
// file damaged by a power cut can be recognised.
export function encodeRecord({ expires, key, value }: FileRecord): string {
  return JSON.stringify([Math.min(expires, Number.MAX_SAFE_INTEGER), key, value]);
}

/** `undefined` for anything but a complete record. */
export function decodeRecord(text: string): FileRecord | undefined {
  try {
    const [expires, key, value]: unknown[] = JSON.parse(text);
    if (typeof expires === "number" && typeof key === "string" && typeof value === "string") {
      return { expires, key, value };
    }
  } catch {
    // Incomplete, or not ours.
  }
  return undefined;
}

/** The record, unless it has expired. */
export function live(record: FileRecord | undefined): FileRecord | undefined {
  return record !== undefined && record.expires > Date.now() ? record : undefined;
}
