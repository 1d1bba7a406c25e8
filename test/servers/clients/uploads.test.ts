// Streams that are sent through a guard by a `fetch` of the caller's own.
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, Readable, Stream } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { type Backend, outcome, startBackend } from "./backend.js";

let backend: Backend;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "failfast-uploads-"));
  backend = await startBackend();
  backend.handle = (request, response) => {
    request.on("error", () => undefined);
    response.writeHead(200);
    request.pipe(response);
  };
});
afterEach(async () => {
  await backend.close();
  await rm(folder, { recursive: true });
});

/** A `fetch` that pipes: of streams it takes only Node's, and makes a text of anything else, as node-fetch does. */
const piping = (url: string, { method, body }: { method: string; body: unknown }): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const answered = async (response: IncomingMessage): Promise<void> => {
      const text = (await response.toArray()).join("");
      resolve({ status: response.statusCode, headers: new Headers(), text });
    };
    const request = httpRequest(url, { method }, (response) => void answered(response).catch(reject));
    request.on("error", reject);
    if (body instanceof Stream) pipeline(body as never, request, (error) => error && reject(error));
    else request.end(String(body));
  });
const send = (body: unknown): Promise<unknown> =>
  failfastFetch({ failfast: backend.failfast, fetch: piping as never })(backend.origin, {
    method: "POST",
    body,
  } as never);

async function* whole(): AsyncGenerator<string> {
  yield "some";
  yield "more";
}
async function* broken(): AsyncGenerator<string> {
  yield "some";
  throw new Error("no more of it");
}

describe("a fetch that takes only streams of Node's", () => {
  test.each<[string, () => unknown]>([
    ["of values", () => Readable.from(whole())],
    ["of bytes", () => Readable.from(whole(), { objectMode: false })],
  ])("gets one: %s", async (_, body) => {
    expect(await send(body())).toMatchObject({ text: "somemore" });
  });

  test("gets the bytes of a file", async () => {
    const bytes = "0123456789".repeat(50_000);
    await writeFile(join(folder, "file"), bytes);
    const file = createReadStream(join(folder, "file"));
    expect(await send(file)).toMatchObject({ text: bytes });
    expect(file.destroyed).toBe(true);
  });

  test("that breaks off is its caller's own failure", async () => {
    expect(await outcome(send(Readable.from(broken())))).toBeInstanceOf(Error);
    expect(backend.state()).toBe("closed");
  });

  test("that the backend breaks off is the backend's failure, and lets the file go", async () => {
    backend.handle = (request) => request.socket.destroy();
    await writeFile(join(folder, "file"), "0".repeat(1_000_000));
    const file = createReadStream(join(folder, "file"));
    expect(await outcome(send(file))).toBeInstanceOf(Error);
    expect(backend.state()).toBe("open");
    await expect.poll(() => file.destroyed).toBe(true);
  });
});
