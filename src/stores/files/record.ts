/** What a file holds. */
export interface FileRecord {
  /** When the value expires, in ms since the epoch by the wall clock that all processes of a host share. */
  readonly expires: number;
  readonly key: string;
  /** `null` where the key was deleted. */
  readonly value: string | null;
}

/** As JSON, which keeps any string as it is, lone surrogates too. */
export function format({ expires, key, value }: FileRecord): string {
  return JSON.stringify([Math.min(expires, Number.MAX_SAFE_INTEGER), key, value]);
}

/**
 * `undefined` for a file that holds no record. No writer leaves one, but a power failure may: what counts
 * as absent then is written over.
 */
export function parse(text: string): FileRecord | undefined {
  try {
    const [expires, key, value]: unknown[] = JSON.parse(text);
    if (typeof expires !== "number" || typeof key !== "string") return undefined;
    if (typeof value === "string" || value === null) return { expires, key, value };
  } catch {
    // Not ours.
  }
  return undefined;
}

/** The value that a record stands for at this time. */
export function valueAt(record: FileRecord | undefined, now: number): string | null {
  return record !== undefined && record.expires > now ? record.value : null;
}
