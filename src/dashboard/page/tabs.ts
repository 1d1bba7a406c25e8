import { BEAT_MS } from "../messages.js";

/** A tab that hears nothing for so long, in ms, connects itself: the connected tab has crashed, or was frozen. */
const DESERTED_MS = BEAT_MS * 1.5;
/** A connected tab that has heard nothing for longer than this, in ms, has perhaps lost the server: it answers nobody. */
const FRESH_MS = BEAT_MS * 1.2;
/** When the connected tab is gone, each of the others waits a random part of this, in ms, so that one is the first. */
const SPREAD_MS = 150;

/** One event from the server. The stream can go on after its id. */
export interface Said {
  readonly type: string;
  readonly data: unknown;
  readonly id: string;
}

/** `rank` is that of a connected tab: the lowest one, which connected first, stays connected. */
type Message =
  | { readonly kind: "ask"; readonly from: string }
  | {
      readonly kind: "all";
      readonly to: string;
      readonly rank: string;
      /** For how long the server has said nothing. */
      readonly silentMs: number;
      readonly all: readonly Said[];
    }
  | { readonly kind: "said"; readonly rank: string; readonly said: Said }
  | { readonly kind: "bye"; readonly rank: string };

/** What a tab does with the connection, and with what arrives. */
export interface Tab {
  connect(): void;
  disconnect(): void;
  /** Something came from the server, by way of the connected tab. */
  take(said: Said): void;
  /** The connected tab knew this already: it does not tell whether the server is there. */
  remember(said: Said): void;
  /** All that it knows, as events for a tab that opens later; none if nothing has arrived yet. */
  everything(): readonly Said[];
}

/** The part of a `BroadcastChannel` that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/**
 * The tabs of one browser that show the page. They share one connection, because over HTTP/1.1 a browser opens only six
 * to a host, and a stream takes one for as long as it lasts. The connected tab passes on what arrives. A new tab
 * connects, too, and gives that up once it hears that another one is connected.
 */
export class Tabs {
  readonly #tab: Tab;
  readonly #channel: Channel | undefined;
  readonly #id = unique();
  /** Set while this tab is connected. */
  #rank: string | undefined;
  /** The connected tab that this one follows, and has everything from. */
  #followed: string | undefined;
  /** When the server last said something, to this tab or to the one that it follows. */
  #heardAt = -Infinity;
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor(tab: Tab, channel: Channel | undefined) {
    this.#tab = tab;
    this.#channel = channel;
    if (channel) channel.onmessage = ({ data }) => this.#hear(data as Message);
  }

  /** This tab is the connected one, so far as it knows. */
  get connected(): boolean {
    return this.#rank !== undefined;
  }

  connect(): void {
    this.#notSoon();
    this.#followed = undefined;
    this.#rank = `${Date.now()} ${this.#id}`;
    this.#post({ kind: "ask", from: this.#id });
    this.#tab.connect();
  }

  /** Passes on what came from the server. */
  pass(said: Said): void {
    this.#heardAt = performance.now();
    if (this.#rank !== undefined) this.#post({ kind: "said", rank: this.#rank, said });
  }

  /** Nothing has arrived for so long, in ms. */
  silentFor(ms: number): void {
    // A tab that was just answered waits for the server's next beat.
    if (!this.connected && Math.min(ms, this.#silentMs) > DESERTED_MS) this.#connectSoon();
  }

  /** The tab is closed, or hidden for good. */
  leave(): void {
    this.#notSoon();
    if (this.#rank !== undefined) this.#post({ kind: "bye", rank: this.#rank });
    this.#disconnect();
  }

  #hear(message: Message): void {
    if (message.kind === "ask") this.#answer(message.from);
    else if (message.kind === "bye") {
      if (message.rank !== this.#followed) return;
      this.#followed = undefined;
      this.#connectSoon();
    } else if (this.#rank === undefined || message.rank < this.#rank) this.#follow(message);
  }

  #answer(from: string): void {
    const silentMs = this.#silentMs;
    if (this.#rank === undefined || silentMs > FRESH_MS) return;
    const all = this.#tab.everything();
    if (all.length > 0) this.#post({ kind: "all", to: from, rank: this.#rank, silentMs, all });
  }

  get #silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  #follow(message: Message & { readonly kind: "all" | "said" }): void {
    this.#disconnect();
    this.#notSoon();
    const { rank } = message;
    if (message.kind === "all") {
      if (message.to !== this.#id) return;
      this.#followed = rank;
      this.#heardAt = Math.max(this.#heardAt, performance.now() - message.silentMs);
      for (const event of message.all) this.#tab.remember(event);
    } else if (rank === this.#followed) {
      this.#heardAt = performance.now();
      this.#tab.take(message.said);
    } else this.#post({ kind: "ask", from: this.#id });
  }

  #connectSoon(): void {
    this.#soon ??= setTimeout(() => this.connect(), Math.random() * SPREAD_MS);
  }

  #notSoon(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
  }

  #disconnect(): void {
    if (this.#rank === undefined) return;
    this.#rank = undefined;
    this.#tab.disconnect();
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message);
  }
}

const unique = (): string => Math.random().toString(36).slice(2);
