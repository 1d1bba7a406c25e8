import type { Subject } from "../../protocol/key.js";
import { pythonName } from "./key.js";
import { type DjangoCache, type Held, isFalse, type Marker, readMarker } from "./marker.js";

/** Python's markers in a Django cache: one for each circuit that is open for Python. */
export class Markers {
  readonly #cache: DjangoCache;
  readonly #makeKey: (name: string) => string;
  readonly #own: Map<string, number> | undefined;

  /** @param own what this process itself marked, if its records are not shared: then no other mark means anything here. */
  constructor(cache: DjangoCache, makeKey: (name: string) => string, own: Map<string, number> | undefined) {
    this.#cache = cache;
    this.#makeKey = makeKey;
    this.#own = own;
  }

  /** Django's key for a circuit; `undefined` if Python can't have one. */
  keyOf(subject: Subject | undefined): string | undefined {
    const name = subject && pythonName(subject.encoded);
    const key = name === undefined ? undefined : this.#makeKey(name);
    return key !== undefined && this.#cache.fits(key) ? key : undefined;
  }

  read(key: string): Promise<Held> {
    return this.#cache.read(key);
  }

  /** What the value under a key means. */
  meaningOf(held: Held, key: string): Marker | null {
    const marker = readMarker(held);
    if (!marker || !this.#own || marker.ours === this.#own.get(key)) return marker;
    return { left: marker.left };
  }

  async mark(key: string, { mark, ms }: { readonly mark: number; readonly ms: number }): Promise<void> {
    this.#own?.set(key, mark);
    await this.#cache.mark(key, mark, ms);
  }

  /** Marks over that value. A value that Python takes for false may exist for longer, so it is removed first. */
  async markOver(
    held: Held,
    key: string,
    step: { readonly mark: number; readonly ms: number },
  ): Promise<void> {
    if (held.bytes !== null && isFalse(held.bytes)) await this.#cache.clear(key);
    await this.mark(key, step);
  }

  async clear(key: string): Promise<void> {
    this.#own?.delete(key);
    await this.#cache.clear(key);
  }
}
