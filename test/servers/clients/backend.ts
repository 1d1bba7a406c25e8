import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { type Circuit, createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A backend on the loopback whose answers a test sets, and a `failfast` that trips at once, on a clock that the test
 * moves.
 */
export interface Backend {
  readonly origin: string;
  readonly failfast: Failfast;
  readonly clock: ManualClock;
  /** How many requests have reached it. */
  requests: number;
  handle: Handle;
  /** The state of a circuit, by default of the backend's origin. */
  state(name?: string): string;
  /** Lets the open time pass. */
  reopen(): Promise<void>;
  /** Stops the backend: connections to it are refused. */
  close(): Promise<void>;
}

export const answer =
  (status: number, headers: Record<string, string> = {}, body = ""): Handle =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

export const json = (status: number, value: unknown): Handle =>
  answer(status, { "Content-Type": "application/json" }, JSON.stringify(value));

/** Sends half of a body, and breaks off. */
export const half: Handle = (_, response) => {
  response.writeHead(200, { "Content-Length": "100" });
  response.write("half of it", () => setImmediate(() => response.destroy()));
};

export const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

export async function startBackend(): Promise<Backend> {
  const clock = manualClock();
  const failfast = createFailfast({ clock, threshold: 1 });
  const server = createServer((request, response) => {
    backend.requests++;
    backend.handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const backend: Backend = {
    origin,
    failfast,
    clock,
    requests: 0,
    handle: answer(200, {}, "ok"),
    state: (name = origin) => circuitOf(failfast, name)?.state ?? "none",
    reopen: () => clock.advance(60_000),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return backend;
}

function circuitOf(failfast: Failfast, name: string): Circuit | undefined {
  return [...failfast.circuits()].find((circuit) => circuit.name === name);
}

/** A lease is available: none that was given out is still held. */
export async function expectProbeIsFree(backend: Backend, call: () => Promise<unknown>): Promise<void> {
  backend.handle = answer(200, {}, "ok");
  await call();
  expect(backend.state()).toBe("closed");
}
