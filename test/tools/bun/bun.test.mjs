import assert from "node:assert/strict";
import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";
import { skip, startRedis } from "../redis.mjs";

const bun = command("bun");

test("Bun's test runner: circuits, CommonJS, async contexts, fake time", async (t) => {
  await runs(t, bun, ["test", "./core.test.js"], { cwd: copyOf("bun") });
});

test("Bun: push between two processes over files", async (t) => {
  assert.match(await runs(t, bun, ["two-processes.mjs"], { cwd: copyOf("deno") }), /fine/);
});

test("Bun's own Redis client: the store contract, and a trip that reaches another process", {
  skip,
}, async (t) => {
  const printed = await runs(t, bun, ["redis.mjs", await startRedis(t)], { cwd: copyOf("bun") });
  const { cases, failed, stored } = JSON.parse(printed);
  assert.deepEqual({ failed, stored }, { failed: [], stored: true });
  assert.ok(cases > 50);
});
