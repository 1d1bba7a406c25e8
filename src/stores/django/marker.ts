/** The content of a key in Django's cache. */
export interface Held {
  /** The value or its beginning, one character for each byte; `null` if there is none. */
  readonly bytes: string | null;
  /** How long it will live, in ms, if the cache says so and it has an end. */
  readonly left?: number | undefined;
  /** The cache's own clock, ms since the epoch, if it has one. */
  readonly now?: number | undefined;
}

/** A Django cache, as `djangoRedis`, `djangoMemcached` and `djangoDatabase` access it. */
export interface DjangoCache {
  /** Whether the cache can have such a key. If not, Python couldn't mark it either. */
  fits(key: string): boolean;
  read(key: string): Promise<Held>;
  /**
   * Keeps a number under the key for at least `ms`, unless the value there lives longer. The form can be read by Python
   * whatever its serializer is.
   */
  mark(key: string, mark: number, ms: number): Promise<unknown>;
  clear(key: string): Promise<unknown>;
}

/** A value that Python takes for an open circuit. */
export interface Marker {
  /**
   * The generation of the record that a process of ours marked, or the revision of a hold; otherwise the marker is
   * Python's.
   */
  readonly ours?: number;
  readonly left?: number | undefined;
}

/**
 * Reads a marker. A value that Python takes for false is not one. Unknown bytes were written by Python, so they mean
 * open until they expire.
 */
export function readMarker({ bytes, left }: Held): Marker | null {
  if (bytes === null || isFalse(bytes)) return null;
  // Revisions follow a clock in ms: thirteen digits, for some centuries.
  return /^[1-9]\d{12}$/.test(bytes) ? { ours: Number(bytes), left } : { left };
}

/** A pickled False, None or 0, JSON's, or the number 0. */
export function isFalse(bytes: string): boolean {
  // Behind two bytes with the number of the protocol.
  const pickled = bytes.startsWith("\x80") || bytes.startsWith("\ufffd");
  return pickled ? PICKLED.includes(bytes.slice(2)) : OTHERS.includes(bytes);
}

const PICKLED = ["\x89.", "N.", "K\0."];
const OTHERS = ["0", "false", "null", "I00\n.", "I0\n.", "N."];
