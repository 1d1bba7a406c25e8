import { once } from "node:events";
import { request } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { memoryStore } from "../stores/memory.js";
import { ACTION_HEADER } from "./messages.js";
import { type Served, type ServeOptions, serveDashboard } from "./serve.js";

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function serve(options: Partial<ServeOptions>): Promise<void> {
  served = await serveDashboard({ store: memoryStore(), port: 0, ...options });
}

async function status(path: string, headers: Record<string, string>, body?: string): Promise<number> {
  const method = body === undefined ? "GET" : "POST";
  const asked = request(`${served?.url}${path}`, { headers, method });
  asked.end(body);
  const [answer] = await once(asked, "response");
  answer.resume();
  return answer.statusCode;
}

describe("a server for this machine only", () => {
  test("answers requests for its own host names only, so that no other name can lead here", async () => {
    await serve({});
    for (const host of ["localhost", "127.0.0.1:4870", "[::1]:4870"])
      expect(await status("audit", { host })).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example:4870", "127.0.0.1.evil.example"])
      expect(await status("audit", { host })).toBe(421);
  });

  test("behind a proxy also answers to the proxy's host name", async () => {
    await serve({ origin: "https://ops.example.com" });
    expect(await status("audit", { host: "ops.example.com" })).toBe(200);
    expect(await status("audit", { host: "127.0.0.1:4870" })).toBe(200);
    expect(await status("audit", { host: "evil.example:4870" })).toBe(421);
  });

  test("accepts an action from the page's address behind a proxy, and from no other", async () => {
    await serve({ origin: "https://ops.example.com" });
    const action = JSON.stringify({ verb: "reset", circuit: "a", reason: "r" });
    const act = (host: string, origin: string): Promise<number> =>
      status("act", { host, origin, "content-type": "application/json", [ACTION_HEADER]: "1" }, action);
    expect(await act("ops.example.com", "https://ops.example.com")).toBe(404);
    expect(await act("127.0.0.1:4870", "http://127.0.0.1:4870")).toBe(403);
  });
});

describe("a password", () => {
  const basic = (text: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(text).toString("base64")}`,
  });

  test("is asked for, and guesses are slowed down for everyone who does not know it", async () => {
    await serve({ password: "pässword" });
    expect(await status("audit", {})).toBe(401);
    for (let guess = 0; guess < 10; guess++)
      expect(await status("audit", basic(`failfast:${guess}`))).toBe(401);
    expect(await status("audit", basic("failfast:p"))).toBe(429);
    expect(await status("audit", basic("failfast:pässword"))).toBe(200);
  });

  test("that is empty counts as none, because its variable may be unset", async () => {
    await expect(serve({ password: "", host: "0.0.0.0" })).rejects.toThrow(/password is empty/);
    await expect(serve({ password: "" })).rejects.toThrow(/password is empty/);
  });

  test("is required if others can reach the server and act", async () => {
    await expect(serve({ host: "0.0.0.0" })).rejects.toThrow(/--password/);
  });
});
