import type { Fleet } from "../fleet/fleet.js";
import type { Clock } from "../runtime/clock.js";
import { Changes } from "./changes.js";
import { History } from "./history.js";
import { BEAT_MS, type Hello } from "./messages.js";

/** Time between two changes that are sent, in ms. */
const PACE_MS = 250;
/** This many changes are kept for viewers whose connection broke. */
const KEPT = 120;
/** If more than this waits for a slow viewer, its connection is closed, and it begins again. */
const WAITING = 256;
/** After this a stream ends and the page asks again, so that a sign-out is noticed. */
const LONGEST_MS = 300_000;
/** Changes are kept this long after the last viewer has gone: perhaps its connection only broke. */
const LINGER_MS = 60_000;
const MOST_VIEWERS = 200;

interface Viewer {
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
  readonly end: () => void;
}

/** Sends changes to the pages that look at one fleet, as server-sent events. */
export class LiveFeed {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #viewers = new Set<Viewer>();
  readonly #encoder = new TextEncoder();
  /** Ids of another process, or from before all viewers left, are not valid here. */
  readonly #epoch: string;
  /** Set while somebody looks, or did a moment ago. */
  #unsubscribe: (() => void) | undefined;
  #changes = new Changes();
  #history = new History();
  #kept: Uint8Array[] = [];
  #last = 0;
  #planned: (() => void) | undefined;
  #beat: (() => void) | undefined;
  #rest: (() => void) | undefined;

  constructor(fleet: Fleet, clock: Clock) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#epoch = Math.floor(clock.random() * 2 ** 40).toString(36);
  }

  get full(): boolean {
    return this.#viewers.size >= MOST_VIEWERS;
  }

  /** A stream that continues after the event with that id, or begins with everything. */
  open(lastId: string | null, hello: Hello): ReadableStream<Uint8Array> {
    let viewer: Viewer | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (stream) => {
          const cancel = this.#clock.after(LONGEST_MS, () => viewer && this.#leave(viewer, true));
          viewer = { stream, end: cancel };
          this.#welcome(viewer, lastId, hello);
        },
        cancel: () => {
          if (viewer !== undefined) this.#leave(viewer, false);
        },
      },
      { highWaterMark: WAITING },
    );
  }

  close(): void {
    this.#unsubscribe?.();
    this.#planned?.();
    this.#beat?.();
    for (const viewer of this.#viewers) this.#leave(viewer, true);
    this.#rest?.();
  }

  #welcome(viewer: Viewer, lastId: string | null, hello: Hello): void {
    const view = this.#fleet.view();
    if (this.#unsubscribe === undefined) {
      this.#unsubscribe = this.#fleet.subscribe(() => this.#plan());
      this.#kept = [];
      this.#last++;
      this.#changes = new Changes();
      this.#changes.since(view);
      this.#history = new History();
      this.#history.add(view.at, view.circuits);
    }
    this.#viewers.add(viewer);
    this.#beatOn();
    viewer.stream.enqueue(this.#event("hello", JSON.stringify(hello), undefined, "retry: 1000\n"));
    const missed = this.#after(lastId);
    if (missed === undefined) {
      const all = this.#changes.all(view, this.#history.save());
      viewer.stream.enqueue(this.#event("snapshot", all, this.#last));
    } else for (const bytes of missed) viewer.stream.enqueue(bytes);
  }

  /** The changes after an id; `undefined` if they are no longer known. */
  #after(lastId: string | null): Uint8Array[] | undefined {
    const [epoch, text] = (lastId ?? "").split("-");
    const id = Number(text);
    if (epoch !== this.#epoch || !Number.isInteger(id) || id > this.#last) return undefined;
    const first = this.#last - this.#kept.length;
    return id < first ? undefined : this.#kept.slice(id - first);
  }

  #plan(): void {
    this.#planned ??= this.#clock.after(PACE_MS, () => {
      this.#planned = undefined;
      this.#send();
    });
  }

  #send(): void {
    const view = this.#fleet.view();
    this.#history.add(view.at, view.circuits);
    const bytes = this.#event("change", this.#changes.since(view), ++this.#last);
    this.#kept.push(bytes);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const viewer of this.#viewers) this.#push(viewer, bytes);
  }

  #push(viewer: Viewer, bytes: Uint8Array): void {
    if ((viewer.stream.desiredSize ?? 0) > 0) viewer.stream.enqueue(bytes);
    else this.#leave(viewer, true);
  }

  #beatOn(): void {
    this.#beat ??= this.#clock.after(BEAT_MS, () => {
      this.#beat = undefined;
      if (this.#viewers.size === 0) return;
      const bytes = this.#event("beat", JSON.stringify({ at: this.#clock.wall() }));
      for (const viewer of this.#viewers) this.#push(viewer, bytes);
      this.#beatOn();
    });
  }

  #leave(viewer: Viewer, close: boolean): void {
    if (!this.#viewers.delete(viewer)) return;
    viewer.end();
    if (close) viewer.stream.close();
    if (this.#viewers.size > 0) return;
    this.#rest?.();
    this.#rest = this.#clock.after(LINGER_MS, () => {
      if (this.#viewers.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    });
  }

  #event(type: string, data: string, id?: number, more = ""): Uint8Array {
    const known = id === undefined ? "" : `id: ${this.#epoch}-${id}\n`;
    // JSON contains no line breaks.
    return this.#encoder.encode(`${more}${known}event: ${type}\ndata: ${data}\n\n`);
  }
}
