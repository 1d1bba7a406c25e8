/** What a file holds. */
export interface FileRecord {
  readonly key: string;
  readonly value: string;
  /** In ms since the epoch; 0 where the key was deleted. */
  readonly expires: number;
}

// JSON, because it keeps every string as it is, lone surrogates included, and because no beginning of it is
// JSON too: what a power cut left of a file is told from a whole one.
export function encodeRecord({ expires, key, value }: FileRecord): string {
  return JSON.stringify([Math.min(expires, Number.MAX_SAFE_INTEGER), key, value]);
}

/** `undefined` for what is no whole record. */
export function decodeRecord(text: string): FileRecord | undefined {
  try {
    const [expires, key, value]: unknown[] = JSON.parse(text);
    if (typeof expires === "number" && typeof key === "string" && typeof value === "string") {
      return { expires, key, value };
    }
  } catch {
    // Not whole, or not ours.
  }
  return undefined;
}

/** The record, unless it has expired. */
export function live(record: FileRecord | undefined): FileRecord | undefined {
  return record !== undefined && record.expires > Date.now() ? record : undefined;
}
