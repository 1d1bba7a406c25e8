import type { Socket } from "node:net";
import type { Direction, Toxics } from "./toxics.js";

interface Arrived {
  readonly chunk: Buffer;
  readonly at: number;
}

/**
 * One direction of a connection. Bytes that a black hole swallowed are lost, so such a stream may not continue: it is
 * reset when the black hole ends, as by a network that forgot a connection.
 */
export class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #toxics: Toxics;
  readonly #queue: Arrived[] = [];
  #passed = 0;
  #swallowed = false;
  #ended = false;
  #busy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, direction: Direction, toxics: Toxics) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    this.#toxics = toxics;
    from.on("data", (chunk: Buffer) => {
      this.#queue.push({ chunk, at: performance.now() });
      void this.#drain();
    });
    from.on("end", () => {
      this.#ended = true;
      void this.#drain();
    });
    const stop = toxics.watch(() => this.#changed());
    from.once("close", () => {
      stop();
      clearTimeout(this.#timer);
    });
    this.#changed();
  }

  #changed(): void {
    clearTimeout(this.#timer);
    const silence = this.#toxics.find("timeout", this.#direction);
    const reset = this.#toxics.find("reset_peer", this.#direction);
    if (this.#swallowed && silence === undefined) this.#reset();
    else if (reset !== undefined) this.#timer = setTimeout(() => this.#reset(), reset.ms ?? 0);
    else if (silence?.ms !== undefined) this.#timer = setTimeout(() => this.#close(), silence.ms);
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.#toxics.find("timeout", this.#direction) === undefined) await this.#pass(next);
      else this.#swallowed = true;
    }
    if (this.#ended) await this.#finish();
    this.#busy = false;
  }

  async #pass({ chunk, at }: Arrived): Promise<void> {
    const latency = this.#toxics.find("latency", this.#direction);
    if (latency !== undefined) {
      const due = at + latency.ms + (latency.jitter ?? 0) * (2 * Math.random() - 1);
      await this.#waitFor("latency", due - performance.now());
    }
    const slicer = this.#toxics.find("slicer", this.#direction);
    const size = slicer === undefined ? chunk.length : slicer.bytes;
    for (let from = 0; from < chunk.length; from += size) {
      await this.#write(chunk.subarray(from, from + size));
      if (slicer !== undefined) await this.#waitFor("slicer", slicer.pauseMs ?? 1);
    }
  }

  async #write(piece: Buffer): Promise<void> {
    const bandwidth = this.#toxics.find("bandwidth", this.#direction);
    if (bandwidth !== undefined)
      await this.#waitFor("bandwidth", (piece.length / bandwidth.bytesPerSecond) * 1_000);
    const limit = this.#toxics.find("limit_data", this.#direction);
    const fits = limit === undefined ? piece : piece.subarray(0, Math.max(limit.bytes - this.#passed, 0));
    this.#passed += fits.length;
    if (!this.#to.destroyed && fits.length > 0 && !this.#to.write(fits))
      await new Promise<void>((resolve) => this.#to.once("drain", resolve).once("close", resolve));
    if (fits.length < piece.length) this.#close();
  }

  /** For that time, or until there is no such toxic any more. */
  async #waitFor(kind: "latency" | "slicer" | "bandwidth" | "slow_close", ms: number): Promise<void> {
    const due = performance.now() + ms;
    while (this.#toxics.find(kind, this.#direction) !== undefined && !this.#to.destroyed) {
      const left = due - performance.now();
      if (left <= 0) return;
      await this.#toxics.pause(left);
    }
  }

  async #finish(): Promise<void> {
    const slow = this.#toxics.find("slow_close", this.#direction);
    if (slow !== undefined) await this.#waitFor("slow_close", slow.ms);
    if (this.#toxics.find("timeout", this.#direction) === undefined) this.#to.end();
  }

  #close(): void {
    this.#from.destroy();
    this.#to.destroy();
  }

  #reset(): void {
    this.#from.resetAndDestroy();
    this.#to.resetAndDestroy();
  }
}
