import assert from "node:assert/strict";
import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

const bun = command("bun");

test("Bun's test runner: circuits, CommonJS, async contexts, fake time", async (t) => {
  await runs(t, bun, ["test", "./core.test.js"], { cwd: copyOf("bun") });
});

test("Bun: push between two processes over files", async (t) => {
  assert.match(await runs(t, bun, ["two-processes.mjs"], { cwd: copyOf("deno") }), /fine/);
});
