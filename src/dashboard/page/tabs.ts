import { BEAT_MS } from "../messages.js";

/** A tab that hears nothing for so long, in ms, connects itself: the connected tab has crashed, or was frozen. */
const DESERTED_MS = BEAT_MS * 1.5;
/** When the connected tab closes, each of the others waits a random part of this, in ms, so that one is the first. */
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
  | { readonly kind: "all"; readonly to: string; readonly rank: string; readonly all: readonly Said[] }
  | { readonly kind: "said"; readonly rank: string; readonly said: Said }
  | { readonly kind: "bye"; readonly rank: string };

/** What a tab does with the connection, and with what arrives. */
export interface Tab {
  connect(): void;
  disconnect(): void;
  /** Something came from the server, by way of the connected tab. */
  take(said: Said): void;
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
    clearTimeout(this.#soon);
    this.#followed = undefined;
    this.#rank = `${Date.now()} ${this.#id}`;
    this.#post({ kind: "ask", from: this.#id });
    this.#tab.connect();
  }

  /** Passes on what came from the server. */
  pass(said: Said): void {
    if (this.#rank !== undefined) this.#post({ kind: "said", rank: this.#rank, said });
  }

  /** Nothing has arrived for so long, in ms. */
  silentFor(ms: number): void {
    if (!this.connected && ms > DESERTED_MS) this.connect();
  }

  /** The tab is closed, or hidden for good. */
  leave(): void {
    clearTimeout(this.#soon);
    if (this.#rank !== undefined) this.#post({ kind: "bye", rank: this.#rank });
    this.#disconnect();
  }

  #hear(message: Message): void {
    if (message.kind === "ask") this.#answer(message.from);
    else if (message.kind === "bye") {
      if (message.rank !== this.#followed) return;
      this.#followed = undefined;
      this.#soon = setTimeout(() => this.connect(), Math.random() * SPREAD_MS);
    } else if (this.#rank === undefined || message.rank < this.#rank) this.#follow(message);
  }

  #answer(from: string): void {
    if (this.#rank === undefined) return;
    const all = this.#tab.everything();
    if (all.length > 0) this.#post({ kind: "all", to: from, rank: this.#rank, all });
  }

  #follow(message: Message & { readonly kind: "all" | "said" }): void {
    this.#disconnect();
    clearTimeout(this.#soon);
    const { rank } = message;
    if (message.kind === "all") {
      if (message.to !== this.#id) return;
      this.#followed = rank;
      for (const said of message.all) this.#tab.take(said);
    } else if (rank === this.#followed) this.#tab.take(message.said);
    else this.#post({ kind: "ask", from: this.#id });
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
