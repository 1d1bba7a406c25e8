import type { Link, LinkEvents } from "../shared/link.js";
import { keepConnected } from "../shared/reconnect.js";
import type { SafeWatcher } from "../shared/watcher.js";
import type { FailfastResponse, FailfastStub } from "./namespace.js";

/** This URL is never resolved: the request goes to the object in any case. */
const URL = "https://failfast.invalid/";
/** The object answers it without waking up. */
export const PING: string = "ping";
export const PONG: string = "pong";

/** Sends a method and its arguments as JSON, and returns the object's answer. */
export async function ask<T>(stub: FailfastStub, ...question: unknown[]): Promise<T> {
  const response = await stub.fetch(URL, { method: "POST", body: JSON.stringify(question) });
  const text = await response.text();
  if (response.status !== 200) throw refusal(response, text);
  return (JSON.parse(text) as { answer: T }).answer;
}

/** The browser's interface, as Workers have it. */
interface Socket {
  accept(): void;
  send(text: string): void;
  close(): void;
  addEventListener(event: string, listener: (event: { readonly data?: unknown }) => void): void;
}

/** A subscription that reconnects. Rejects if the first connection fails. */
export function watch(stub: () => FailfastStub, watcher: SafeWatcher): Promise<AsyncDisposable> {
  return keepConnected((on) => open(stub(), on, watcher), { watcher, refused: () => false });
}

function open(stub: FailfastStub, on: LinkEvents, watcher: SafeWatcher): Link {
  let socket: Socket | undefined;
  let destroyed = false;
  const connect = async (): Promise<void> => {
    const response = await stub.fetch(URL, { headers: { Upgrade: "websocket" } });
    const accepted = response.webSocket as Socket | null | undefined;
    if (!accepted) throw refusal(response, await response.text());
    accepted.addEventListener("message", ({ data }) =>
      on.heard(data === PONG ? undefined : () => watcher.message(String(data))),
    );
    accepted.addEventListener("close", () => on.lost(new Error("the Durable Object ended the connection")));
    accepted.addEventListener("error", () =>
      on.lost(new Error("the connection to the Durable Object broke")),
    );
    accepted.accept();
    socket = accepted;
    if (destroyed) close(accepted);
    else on.live();
  };
  connect().catch(on.lost);
  return {
    ping: async () => socket?.send(PING),
    destroy() {
      destroyed = true;
      if (socket) close(socket);
    },
  };
}

function close(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It belongs to a request that is over, which ended it.
  }
}

const refusal = ({ status }: FailfastResponse, text: string): Error =>
  new Error(
    `the Durable Object answered ${status} "${text.slice(0, 200)}": is its class FailfastDurableObject of failfast/workers?`,
  );
