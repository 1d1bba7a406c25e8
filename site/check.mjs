// Looks at the built site as a reader does, in Chromium: every page of the menu is there, the search finds, and the
// fleet of "Try the settings" trips, recovers and follows a slider. Build it first: npm run docs.
import assert from "node:assert/strict";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { chromiumProgram } from "../scripts/chromium.mjs";

const dist = fileURLToPath(new URL("dist/", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const shots = process.argv[2];

const fileOf = (path) =>
  [path, `${path}.html`, `${path}/index.html`]
    .map((each) => join(dist, each))
    .find((file) => existsSync(file) && statSync(file).isFile());

const menu = JSON.parse(readFileSync(new URL(".pages/menu.json", import.meta.url), "utf8"));
for (const { link } of menu.flatMap(({ items }) => items))
  assert.ok(fileOf(link), `the menu leads to ${link}, and the site has no such page`);
const llms = readFileSync(join(dist, "llms.txt"), "utf8");
assert.ok(llms.includes("](/stores/redis)"), "llms.txt lists the pages");

const server = createServer(({ url }, response) => {
  const file = fileOf(decodeURI(new URL(url, "http://site").pathname));
  if (!file) return void response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const address = `http://127.0.0.1:${server.address().port}`;
const executablePath = process.env.CHROMIUM ?? chromiumProgram;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.setDefaultTimeout(60_000);

  await page.goto(`${address}/playground`);
  const figures = page.locator(".playground .totals tbody tr");
  const settled = () => page.locator('.playground[aria-busy="false"]').waitFor();
  const reached = async (row) => Number(await figures.nth(row).locator("td").nth(1).textContent());
  await figures.nth(1).waitFor();
  await settled();
  const [shared, alone] = [await reached(0), await reached(1)];
  assert.ok(
    shared > 0 && shared < alone,
    `fewer calls reach the backend where the state is shared: ${shared}, ${alone}`,
  );
  const state = (name) => page.locator(`.playground svg rect.${name}`).first().waitFor({ state: "attached" });
  for (const name of ["open", "closed"]) await state(name);
  if (shots) await page.screenshot({ path: join(shots, "playground.png"), fullPage: true });

  await page.locator('select[name="store"]').selectOption("frozen");
  await page.locator('.playground[aria-busy="true"]').waitFor();
  await settled();
  const frozen = await reached(0);
  assert.ok(
    frozen > shared && frozen <= alone * 1.1,
    `with a frozen store no worse than alone: ${frozen}, ${alone}`,
  );

  await page.locator("#local-search button").first().click();
  await page.locator(".VPLocalSearchBox input").fill("quorum");
  await page.locator(".VPLocalSearchBox .result").first().waitFor();
  if (shots) await page.screenshot({ path: join(shots, "search.png") });
  for (const name of shots ? ["", "start", "concepts", "what-happens", "reference/failfast"] : []) {
    await page.goto(`${address}/${name}`);
    await page.screenshot({ path: join(shots, `${name.replace("/", "-") || "home"}.png`) });
  }
  assert.deepEqual(errors, [], "nothing is thrown in the browser");
  console.log(
    `the site: calls that reach the bad backend: ${shared} shared, ${alone} alone, ${frozen} with a frozen store`,
  );
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
