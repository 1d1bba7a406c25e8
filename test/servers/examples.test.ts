import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { requireProgram } from "./require.js";
import { startRedis } from "./start-redis.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const redisServer = requireProgram("redis-server");
const readme = readFileSync(`${root}README.md`, "utf8");

test.each(["first", "two-processes"])("examples/%s.mjs prints what the README says", (name) => {
  const printed = execFileSync(process.execPath, [`examples/${name}.mjs`], { cwd: root, encoding: "utf8" });
  expect(printed.trim()).not.toBe("");
  expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
});

test("examples/two-providers.mjs asks the second once the first is down", () => {
  const printed = execFileSync(process.execPath, ["examples/two-providers.mjs"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(printed.split("\n").filter((line) => line.startsWith("asking"))).toEqual([
    "asking the primary",
    "asking the secondary",
    "asking the secondary",
  ]);
});

test("examples/fetch.mjs asks a server that failed once, and no more", () => {
  const printed = execFileSync(process.execPath, ["examples/fetch.mjs"], { cwd: root, encoding: "utf8" });
  expect(printed).toBe("503\nFailfastError retry in 5 s\n1 request\n");
});

test.skipIf(!redisServer)("examples/django.mjs shows both directions", async () => {
  const server = await startRedis(redisServer);
  const printed = await run("django", { REDIS_URL: `${server.url}/1` });
  await server.stop();
  expect(printed).toBe(
    "here it is open and Python finds 13 digits\nhere it is closed and Python finds null\nDjango's cache opened it for 5 minutes\n",
  );
});

/** Runs one beside the servers of this process. */
async function run(name: string, env: Record<string, string>): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 30_000 };
  return (await promisify(execFile)(process.execPath, [`examples/${name}.mjs`], options)).stdout;
}

test("examples/telemetry.mjs logs the transition alone, and counts the calls", () => {
  const printed = execFileSync(process.execPath, ["examples/telemetry.mjs"], { cwd: root, encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual([
    'warn sales_api circuit "sales_api" opened for 60 s',
    'failfast_circuit_calls_total{name="sales_api",outcome="failure"} 1',
    'failfast_circuit_calls_total{name="sales_api",outcome="rejected"} 2',
    'failfast_circuit_state{name="sales_api",state="open"} 1',
  ]);
});

test("the README's first example is the file that is run", () => {
  // The formatter's own line breaks and commas aside.
  const plain = (text: string): string => text.replace(/\s+/g, "").replace(/,\)/g, ")");
  expect(plain(readme)).toContain(plain(readFileSync(`${root}examples/first.mjs`, "utf8")));
});
