// The same tests of the core in every runtime. On each version of Node: test/package/runtimes.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { chromium } from "playwright-core";
import { chromiumProgram } from "../../../scripts/chromium.mjs";
import { command, copyOf, runs } from "../project.mjs";

const skip =
  process.env.FAILFAST_TEST_REQUIRE !== "all" && chromiumProgram === undefined && "there is no Chromium";

async function bundled(file, format) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    format,
    conditions: ["browser"],
    write: false,
  });
  return outputFiles[0].text;
}

function passed({ cases, failed }) {
  assert.deepEqual(failed, []);
  assert.ok(cases > 80, `${cases} cases`);
}

const processes = {
  Node: [process.execPath, []],
  Bun: [command("bun"), []],
  Deno: [command("deno"), ["run", "--no-prompt", "--no-lock", "--node-modules-dir=manual"]],
};
for (const [name, [file, args]] of Object.entries(processes))
  test(`the core works in ${name}`, async (t) => {
    passed(JSON.parse(await runs(t, file, [...args, "run.mjs"], { cwd: copyOf("core") })));
  });

test("the core works in workerd", async (t) => {
  const worker = new Miniflare({
    modules: true,
    script: await bundled("worker.js", "esm"),
    compatibilityDate: "2026-04-01",
  });
  t.after(() => worker.dispose());
  passed(await (await worker.dispatchFetch("http://worker.test/")).json());
});

test("the core works in Chromium", { skip }, async (t) => {
  const browser = await chromium.launch({ executablePath: chromiumProgram, args: ["--no-sandbox"] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.addScriptTag({ content: await bundled("page.js", "iife") });
  passed(await page.evaluate("suite"));
});
