import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createServer } from "vite";
import { copyOf, until } from "../project.mjs";

for (const noExternal of [[], ["failfast"]])
  test(`Vite's dev server keeps the circuit in a reload, with failfast ${noExternal.length ? "bundled" : "as a package"}`, async (t) => {
    const folder = copyOf("vite");
    const file = join(folder, "sales.js");
    const warnings = [];
    process.on("warning", ({ name, message }) => {
      if (name === "FailfastWarning") warnings.push(message);
    });
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: "silent",
      appType: "custom",
      server: { middlewareMode: true, hmr: false },
      ssr: { noExternal },
    });
    t.after(() => server.close());
    const load = () => server.ssrLoadModule("/sales.js");

    const first = await load();
    await assert.rejects(first.call(true), /down/);
    await assert.rejects(first.call(false), first.FailfastError);

    // Another function with the same text, and then another open time: the version that the editor saved last applies.
    for (const [from, to] of [
      ["=> error.message", "=>  error.message"],
      ["60s", "30s"],
      ["30s", "20s"],
    ]) {
      writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
      const before = await load();
      const reloaded = await until(
        async () => {
          const now = await load();
          return now !== before && now;
        },
        "the module is loaded anew",
        20_000,
      ).catch(async () => {
        server.moduleGraph.invalidateAll();
        return load();
      });
      assert.equal(reloaded.salesApi.state, "open");
      await assert.rejects(reloaded.call(false), reloaded.FailfastError);
      await assert.rejects(first.call(false), reloaded.FailfastError);
    }
    // The circuit belongs to the process, however often modules are loaded.
    const last = await load();
    await last.salesApi.reset();
    assert.equal(await last.call(false), "works");
    await assert.rejects(last.call(true), /down/);
    assert.ok(last.salesApi.retryAfter <= 20, `it is open for ${last.salesApi.retryAfter} s`);
    assert.ok(warnings.filter((text) => text.includes("sales_api")).length <= 1, warnings.join("\n"));
    await last.salesApi.reset();
  });
