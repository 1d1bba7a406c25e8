/** What a key of Django's cache holds. */
export interface Held {
  /** The value, a character for each byte, or the beginning of it; `null` where nothing lives. */
  readonly bytes: string | null;
  /** How long it will live, in ms, where the cache tells that and it doesn't live for ever. */
  readonly left?: number | undefined;
  /** The cache's own clock, ms since the epoch, where it has one. */
  readonly now?: number | undefined;
}

/** A cache of Django's, as `djangoRedis`, `djangoMemcached` and `djangoDatabase` reach it. */
export interface DjangoCache {
  /** Whether the cache can have such a key: Python couldn't mark it either. */
  fits(key: string): boolean;
  read(key: string): Promise<Held>;
  /**
   * Keeps a number under the key for at least `ms`, in the one form that Python reads whatever its serializer,
   * unless what is there lives longer.
   */
  mark(key: string, mark: number, ms: number): Promise<unknown>;
  clear(key: string): Promise<unknown>;
}

/** A value that Python takes for an open circuit. */
export interface Marker {
  /** The generation of the record that a process of ours marked, or the revision of a hold; else Python's. */
  readonly ours?: number;
  readonly left?: number | undefined;
}

/**
 * Reads a marker. What Python would take for false is none; bytes that nobody knows are Python's, so that they mean
 * open until they expire.
 */
export function readMarker({ bytes, left }: Held): Marker | null {
  if (bytes === null || isFalse(bytes)) return null;
  // Revisions follow a clock in ms: thirteen digits for some centuries.
  return /^[1-9]\d{12}$/.test(bytes) ? { ours: Number(bytes), left } : { left };
}

/** A pickled False, None or 0, JSON's, or the number 0. */
export function isFalse(bytes: string): boolean {
  // Behind two bytes that say which protocol it is.
  const pickled = bytes.startsWith("\x80") || bytes.startsWith("\ufffd");
  return pickled ? PICKLED.includes(bytes.slice(2)) : OTHERS.includes(bytes);
}

const PICKLED = ["\x89.", "N.", "K\0."];
const OTHERS = ["0", "false", "null", "I00\n.", "I0\n.", "N."];
