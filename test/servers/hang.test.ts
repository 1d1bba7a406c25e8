// A backend that hangs, called by real processes that share their circuit over Redis.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { endFleet, endProcesses, type Member, startFleet, until } from "./fleet/fleet.js";
import { requireProgram } from "./require.js";
import { type RedisServer, startRedis } from "./start-redis.js";

const redisServer = requireProgram("redis-server");
const SIZE = 6;
/** Longer than the test: time-outs play no part. */
const OPTIONS = { slowCall: "2s", quorum: 3, callTimeout: "60s" };

let redis: RedisServer | undefined;
let fleet: Member[] = [];
let backend: Server | undefined;
let hangs = false;
let asked = 0;
let answered = 0;

beforeAll(async () => {
  if (redisServer !== undefined) redis = await startRedis(redisServer);
});
afterEach(async () => {
  await endFleet(fleet);
  fleet = [];
  backend?.closeAllConnections();
  backend?.close();
});
afterAll(async () => {
  await endProcesses();
  await redis?.stop();
});

/** Counts its requests, and answers until it hangs. */
async function startBackend(): Promise<string> {
  backend = createServer((_, response) => {
    asked++;
    if (hangs) return;
    answered++;
    response.end("ok");
  });
  const server = backend;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const states = () => Promise.all(fleet.map((member) => member.ask("state")));

describe.skipIf(redisServer === undefined)(`${SIZE} processes on Redis`, () => {
  test("open their circuit when the backend hangs, before any call has ended", async () => {
    const url = await startBackend();
    fleet = await startFleet({ kind: "redis", where: redis?.url ?? "" }, SIZE, "60s", OPTIONS);
    await Promise.all(fleet.map((member) => member.ask("steady", { url, everyMs: 50 })));
    await until(() => answered > 40 * SIZE, "each process had calls enough for a rate");
    expect((await states()).every(({ state }) => state === "closed")).toBe(true);
    hangs = true;
    const before = asked;
    await until(async () => (await states()).every(({ state }) => state === "open"), "all were open", 40_000);
    const leaked = asked - before;
    const told = await states();
    // A busy process may have seen one of them end.
    for (const { reason } of told) expect(reason).toMatch(/^slow calls/);
    // They still wait for their answers, and for their time-outs.
    expect(told.some(({ inFlight }) => (inFlight as number) > 0)).toBe(true);
    console.log(`${leaked} calls of ${SIZE * 20} a second reached a backend that hangs, slow from 2 s on`);
  });
});
