/** What a network may do to one direction of a connection: the eight toxics that Toxiproxy has made familiar. */
export type Toxic =
  /** Everything arrives so many ms later, give or take the jitter. */
  | { readonly kind: "latency"; readonly ms: number; readonly jitter?: number }
  /** No connection is accepted and all there are end; it has no direction. */
  | { readonly kind: "down" }
  | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
  /** An end that closes is told to the other so many ms later. */
  | { readonly kind: "slow_close"; readonly ms: number }
  /** Nothing arrives. With a time, the connection is closed after it; without, it is a black hole. */
  | { readonly kind: "timeout"; readonly ms?: number }
  /** The connection is reset after so many ms. */
  | { readonly kind: "reset_peer"; readonly ms?: number }
  /** Everything arrives in pieces of about that size, with a pause after each. */
  | { readonly kind: "slicer"; readonly bytes: number; readonly pauseMs?: number }
  /** The connection is closed after so many bytes. */
  | { readonly kind: "limit_data"; readonly bytes: number };

/** `up`: what the client sends to the server; `down`: what it answers. */
export type Direction = "up" | "down";

export type Kind = Toxic["kind"];

/** The toxics of a proxy, which come and go while connections are open. */
export class Toxics {
  readonly #all = new Set<{ readonly toxic: Toxic; readonly direction: Direction | "both" }>();
  readonly #listeners = new Set<() => void>();

  /** Returns what removes it. */
  add(toxic: Toxic, direction: Direction | "both"): () => void {
    const entry = { toxic, direction };
    this.#all.add(entry);
    this.#tell();
    return () => {
      if (this.#all.delete(entry)) this.#tell();
    };
  }

  /** The newest of a kind in this direction. */
  find<K extends Kind>(kind: K, direction: Direction): Extract<Toxic, { kind: K }> | undefined {
    let found: Toxic | undefined;
    for (const { toxic, direction: where } of this.#all)
      if (toxic.kind === kind && (where === "both" || where === direction)) found = toxic;
    return found as Extract<Toxic, { kind: K }> | undefined;
  }

  clear(): void {
    this.#all.clear();
    this.#tell();
  }

  /** Told whenever one came or went. Returns what ends it. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves after so many ms, or as soon as one came or went. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(done, ms);
      const stop = this.watch(done);
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
