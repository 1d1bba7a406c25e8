import { detectClient, type MemcachedClient } from "../memcached/client.js";
import { exptime } from "../memcached/exptime.js";
import { type DjangoCache, type Held, readMarker } from "./marker.js";

/** memcached's own limit, in bytes. */
const LONGEST = 250;

/**
 * Django's cache in memcached: `PyMemcacheCache` or `PyLibMCCache`. Markers are digits without flags, which both pass
 * to Python unchanged. memcached doesn't tell how long a value lives, so Python's marker counts while it exists.
 *
 * One server, or one proxy in front of several: each client library distributes keys over servers in its own way.
 *
 * @param client of the package `memcached`, or of memjs, with no prefix or namespace of its own.
 * @throws {TypeError} anything else.
 */
export function djangoMemcached(client: MemcachedClient): DjangoCache {
  const { get, set, delete: remove, atomic } = detectClient(client);
  const read = async (key: string): Promise<Held> => ({ bytes: textOf(await get(key)) });
  return {
    fits: (key) => !/[\0- \x7f]/.test(key) && encodeURI(key).replace(/%../g, "_").length <= LONGEST,
    read,
    async mark(key, mark, ms) {
      const expires = exptime(ms, Date.now());
      if (await atomic?.add(key, String(mark), expires)) return;
      const found = readMarker(await read(key));
      // The life of Python's marker is unknown: it stays, and is read again.
      if (found !== null && found.ours === undefined) return;
      if (!(await set(key, String(mark), expires))) throw new Error(`memcached did not store "${key}"`);
    },
    clear: (key) => remove(key),
  };
}

/** The bytes unchanged if the client gives them; otherwise what it made of them by their flags. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (!(value instanceof Uint8Array)) return String(value);
  return String.fromCharCode(...value.subarray(0, 32));
}
