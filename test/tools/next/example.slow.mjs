// examples/nextjs, built, as two servers that share a folder.
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command, copyOf, newFolder, runs, start, until } from "../project.mjs";
import { environment } from "./app.mjs";

test("the example shares a trip between two servers, in its route and its page", async (t) => {
  const folder = copyOf("../../examples/nextjs");
  // Here the packages are installed two folders up.
  copyFileSync(fileURLToPath(new URL("next.config.mjs", import.meta.url)), join(folder, "next.config.mjs"));
  await runs(t, command("next"), ["build"], { cwd: folder, env: environment });

  let asked = 0;
  const backend = createServer((_, response) => {
    asked++;
    response.writeHead(500).end();
  }).listen(0, "127.0.0.1");
  t.after(() => backend.close());
  await once(backend, "listening");
  const env = {
    ...environment,
    FAILFAST_STORE: `file:${newFolder()}`,
    SALES_API: `http://127.0.0.1:${backend.address().port}`,
  };
  const [one, two] = await Promise.all([serve(t, folder, env), serve(t, folder, env)]);
  const invoices = (origin) => fetch(`${origin}/api/invoices/ann`);
  for (let call = 0; call < 3; call++) assert.equal((await invoices(one)).status, 502);
  const own = await invoices(one);
  assert.equal(own.status, 503);
  await until(
    async () => (await (await fetch(two)).text()).includes("back soon"),
    "the page of the other server does without the backend",
  );
  const before = asked;
  const told = await invoices(two);
  assert.deepEqual([told.status, told.headers.has("Retry-After")], [503, true]);
  assert.equal(asked, before);
});

async function serve(t, folder, env) {
  const server = start(t, command("next"), ["start", "--port", "0", "--hostname", "127.0.0.1"], {
    cwd: folder,
    env,
  });
  const [origin] = await until(
    () => /http:\/\/127\.0\.0\.1:\d+/.exec(server.output),
    () => `next start listens:\n${server.output}`,
  );
  return origin;
}
