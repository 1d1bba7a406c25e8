import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = async (name: string, env: Record<string, string> = {}): Promise<string> => {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 50_000 };
  return (await promisify(execFile)(process.execPath, [`examples/${name}.mjs`], options)).stdout;
};

/** The time that is left varies on a busy machine. */
const steady = (printed: string): string => printed.replace(/\b(2\d|31)\b/g, "30");

test.each([
  ["undici", "500\nfetch failed true\n1 request\n"],
  ["axios", "AxiosError 500\nFailfastError retry in 30 s\n1 request\n"],
  [
    "grpc",
    "true\ntrue circuit \"sales.v1.Invoices\" is open; the call was not made, retry in 30 s [ '30' ]\n1 call\n",
  ],
  [
    "limits-by-key",
    "ann 429 \nann 503 billing_api of the tenant\nbob 200 \nbob 500 \ncleo 503 billing_api\n",
  ],
  [
    "mcp",
    '5 calls reached the server, 695 were answered at once:\nThe tool "find" is unavailable and was not called: retry in 30 s, not before. Until then go on without it.\nthree invoices\n',
  ],
  [
    "tools",
    '20 steps, 5 calls of the tool. The model is told:\nThe tool "weather" is unavailable and was not called: retry in 30 s, not before. Until then go on without it.\n',
  ],
  ["llm", "three invoices\n10 answers, 5 requests to the first provider\n"],
  ["lambda", "2 calls; to come again: of bob, of cleo, of dan\n"],
  ["queue", "asked for 1 message, the others wait\nsent ann, bob, cleo: 4 calls for 3 messages\n"],
  ["ai", "asking the primary\nan answer of the secondary\nan answer of the secondary\n"],
])("examples/%s.mjs stops asking what has failed", async (name, expected) => {
  expect(steady(await run(name))).toBe(steady(expected));
});

const redisServer = requireProgram("redis-server");

test.skipIf(!redisServer)("examples/bullmq.mjs makes one failing attempt for all jobs together", async () => {
  const server = await startRedis(redisServer);
  const printed = await run("bullmq", { REDIS_URL: server.url });
  await server.stop();
  expect(printed).toBe("attempts made: ann: 2, bob: 1, cleo: 1\n");
});

test.skipIf(!postgres)("examples/pool.mjs stops asking a database that is gone", async () => {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  expect(await run("pool", { DATABASE_URL: server.url })).toBe(
    `[ { one: 1 } ]\n42601 closed\n${"ECONNREFUSED\n".repeat(3)}not asked\n`,
  );
});
