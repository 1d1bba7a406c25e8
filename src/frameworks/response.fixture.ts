import { EventEmitter } from "node:events";
import type { NodeResponse } from "./node.js";

/** A Node response as a guard sees it, with what was sent. */
export class FakeResponse extends EventEmitter implements NodeResponse {
  statusCode = 200;
  headersSent = false;
  writableFinished = false;
  writableEnded = false;
  errored: unknown = null;
  body = "";
  #headers: Record<string, unknown> = {};

  getHeader(name: string): unknown {
    return this.#headers[name.toLowerCase()];
  }

  writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    this.statusCode = status;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers)) this.#headers[name.toLowerCase()] = value;
  }

  /** Answers as a route does. */
  answer(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.writeHead(status, headers);
    this.end("");
  }

  /** The connection ends before the answer did. */
  breakOff(error: unknown = null): void {
    this.errored = error;
    this.emit("close");
  }

  end(body: string): void {
    this.body = body;
    this.writableEnded = true;
    this.writableFinished = true;
    this.emit("finish");
    this.emit("close");
  }
}

/** A verdict reaches its circuit, and a rejection its guard, within one turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
