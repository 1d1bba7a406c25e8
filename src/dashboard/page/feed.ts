import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { VERSION } from "../../runtime/version.js";
import { BEAT_MS, type Change, type Hello, type Snapshot } from "../messages.js";
import { everything, hello, takeChange, takeSnapshot, tick } from "./live-state.js";
import { type Said, Tabs } from "./tabs.js";

/** If nothing arrives for this long, in ms, the page may show old data. */
const STALE_MS = BEAT_MS * 2.5;
/** A connection that is silent for longer is closed and opened again: the machine may have slept. */
const SILENT_MS = BEAT_MS * 4;
/** The server ends a stream from time to time. The page shows nothing while it reconnects. */
const FORGIVEN_MS = 3_000;
const LONGEST_WAIT_MS = 10_000;

/** Where the page is, without a slash at its end. */
export const base: string = location.pathname.replace(/\/+$/, "");

const heardAt: Signal<number> = signal(performance.now());
const cutAt: Signal<number | undefined> = signal(undefined);
const moment: Signal<number> = signal(performance.now());

export type Connection = "live" | "stale" | "cut off";
export const connection: ReadonlySignal<Connection> = computed(() => {
  if (cutAt.value !== undefined && moment.value - cutAt.value > FORGIVEN_MS) return "cut off";
  return moment.value - heardAt.value > STALE_MS ? "stale" : "live";
});
/** Seconds since something last came from the server. */
export const silence: ReadonlySignal<number> = computed(() =>
  Math.max(0, Math.round((moment.value - heardAt.value) / 1_000)),
);

let source: EventSource | undefined;
/** When the connection was begun, in ms of `performance.now()`. */
let begunAt = -Infinity;
let lastId = "";
let failures = 0;
let waiting: number | undefined;
let greeting = false;

const takers: Readonly<Record<string, (data: never) => void>> = {
  hello: (said: Hello) => {
    hello.value = said;
  },
  snapshot: (said: Snapshot) => takeSnapshot(said),
  change: (said: Change) => takeChange(said),
  beat: () => undefined,
};

function take(said: Said): void {
  heard();
  remember(said);
}

function remember({ type, data, id }: Said): void {
  lastId = id;
  takers[type]?.(data as never);
  if (hello.value === undefined) void greet();
}

/** Another tab's stream may be that of another login, so this one asks for itself what its viewer may do. */
async function greet(): Promise<void> {
  if (greeting || tabs.connected) return;
  greeting = true;
  try {
    const answer = await fetch(`${base}/hello`);
    if (answer.ok) hello.value = (await answer.json()) as Hello;
  } catch {
    // It asks again when something arrives, or when somebody looks.
  } finally {
    greeting = false;
  }
}

const tabs = new Tabs(
  {
    connect,
    disconnect,
    take,
    remember,
    everything: () => everything().map((said) => ({ ...said, id: lastId })),
  },
  typeof BroadcastChannel === "function" ? new BroadcastChannel(`failfast ${VERSION} ${base}`) : undefined,
);

/** Follows the fleet until the page is closed. */
export function follow(): void {
  tabs.connect();
  setInterval(watch, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    watch();
    void greet();
  });
  addEventListener("pagehide", () => tabs.leave());
  // It comes back out of the browser's cache of pages.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) tabs.connect();
  });
}

function watch(): void {
  moment.value = performance.now();
  tick();
  const silentMs = moment.value - heardAt.value;
  tabs.silentFor(silentMs);
  // A server that has just been asked may need time to answer.
  const unansweredMs = Math.min(silentMs, moment.value - begunAt);
  if (unansweredMs > SILENT_MS && tabs.connected) retry();
}

function connect(): void {
  disconnect();
  begunAt = performance.now();
  source = new EventSource(`${base}/live${lastId && `?last=${encodeURIComponent(lastId)}`}`);
  for (const type of Object.keys(takers))
    source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
      const said: Said = { type, data: JSON.parse(data) as unknown, id: lastEventId || lastId };
      take(said);
      tabs.pass(type === "hello" ? { ...said, type: "beat" } : said);
    });
  source.onerror = () => {
    cutAt.value ??= performance.now();
    // If the server refused, the browser gives up; if the connection broke, it tries again by itself.
    if (source?.readyState === EventSource.CLOSED) retry();
  };
}

function disconnect(): void {
  clearTimeout(waiting);
  waiting = undefined;
  source?.close();
}

function heard(): void {
  failures = 0;
  cutAt.value = undefined;
  heardAt.value = moment.value = performance.now();
}

function retry(): void {
  if (waiting !== undefined) return;
  source?.close();
  cutAt.value ??= performance.now();
  waiting = window.setTimeout(connect, Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures++));
}
