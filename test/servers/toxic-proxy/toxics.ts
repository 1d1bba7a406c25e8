/** What a network may do to one direction of a connection: the eight toxics known from Toxiproxy. */
export type Toxic =
  /** Delays everything by that many ms, plus or minus the jitter. */
  | { readonly kind: "latency"; readonly ms: number; readonly jitter?: number }
  /** Accepts no connection and ends existing ones; it has no direction. */
  | { readonly kind: "down" }
  | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
  /** Passes the end of a connection on that many ms later. */
  | { readonly kind: "slow_close"; readonly ms: number }
  /** Passes nothing on. With a time, the connection is closed after it; without one it is a black hole. */
  | { readonly kind: "timeout"; readonly ms?: number }
  /** Resets the connection after that many ms. */
  | { readonly kind: "reset_peer"; readonly ms?: number }
  /** Passes everything on in pieces of about that size, with a pause after each. */
  | { readonly kind: "slicer"; readonly bytes: number; readonly pauseMs?: number }
  /** Closes the connection after that many bytes. */
  | { readonly kind: "limit_data"; readonly bytes: number };

/** `up`: what the client sends to the server; `down`: what it answers. */
export type Direction = "up" | "down";

export type Kind = Toxic["kind"];

/** The toxics of a proxy, which are added and removed while connections are open. */
export class Toxics {
  readonly #all = new Set<{ readonly toxic: Toxic; readonly direction: Direction | "both" }>();
  readonly #listeners = new Set<() => void>();

  /** Returns a function that removes it. */
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

  /** Called whenever one was added or removed. Returns a function that ends that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves after that many ms, or as soon as one was added or removed. */
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
