import assert from "node:assert/strict";
import { test } from "node:test";
import { copyOf, until } from "../project.mjs";
import { edit, guards, guardsTheEdge, serve, shares, showsThePage } from "./app.mjs";

test("Next.js in development shares circuits between all graphs of modules, and keeps them when modules are reloaded", async (t) => {
  const folder = copyOf("next");
  const app = await serve(t, folder, "dev");
  await shares(app);
  await showsThePage(app);
  await app.text("/api/sales?backend=fails");
  await guards(app);
  await guardsTheEdge(app);
  // Another function, another open time, another name: the newest applies, and nothing throws.
  edit(folder, "lib/sales.js", '!== "fine"', '!== "all is well"');
  edit(folder, "lib/sales.js", '"50m"', '"20m"');
  edit(folder, "app/page.js", "ended: ", "it ended: ");
  await until(async () => (await app.text("/")).includes("it ended: "), "the page is reloaded");
  assert.match(await app.text("/"), /it ended: ERR_FAILFAST_OPEN, open/);
  assert.equal((await app.json("/api/sales")).ended, "ERR_FAILFAST_OPEN");
  assert.equal((await app.json("/api/sales?reset=1")).ended, "works");
  assert.match(await app.text("/"), /it ended: works, closed/);
});
