import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { BEAT_MS, type Hello } from "../messages.js";
import { hello, takeChange, takeSnapshot, tick } from "./live-state.js";

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
let lastId = "";
let failures = 0;
let waiting: number | undefined;

/** Follows the fleet until the page is closed. */
export function follow(): void {
  connect();
  setInterval(watch, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") watch();
  });
}

function watch(): void {
  moment.value = performance.now();
  tick();
  if (moment.value - heardAt.value > SILENT_MS && waiting === undefined) retry();
}

function connect(): void {
  waiting = undefined;
  source?.close();
  source = new EventSource(`${base}/live${lastId && `?last=${encodeURIComponent(lastId)}`}`);
  const on = <T>(type: string, take: (data: T) => void): void =>
    source?.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
      lastId = lastEventId || lastId;
      heard();
      take(JSON.parse(data) as T);
    });
  on<Hello>("hello", (said) => {
    hello.value = said;
  });
  on("snapshot", takeSnapshot);
  on("change", takeChange);
  on("beat", () => {});
  source.onerror = () => {
    cutAt.value ??= performance.now();
    // If the server refused, the browser gives up; if the connection broke, it tries again by itself.
    if (source?.readyState === EventSource.CLOSED) retry();
  };
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
