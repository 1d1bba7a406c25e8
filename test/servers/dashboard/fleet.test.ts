import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Served, ServeOptions } from "../../../src/dashboard/serve.js";
import { endFleet, endProcesses, type Member, startFleet, until } from "../fleet/fleet.js";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { browserProgram, openTab, startBrowser, type Tab } from "./browser.js";

const redisServer = requireProgram("redis-server");

type Kind = "file" | "redis" | "postgres";
const THERE: Readonly<Record<Kind, boolean>> = {
  file: true,
  redis: redisServer !== undefined,
  postgres: postgres !== undefined,
};

let browser: Browser;
let redis: RedisServer | undefined;
beforeAll(async () => {
  if (browserProgram !== undefined) browser = await startBrowser(browserProgram);
  if (redisServer !== undefined) redis = await startRedis(redisServer);
});
afterAll(async () => {
  await endProcesses();
  await browser?.close();
  await redis?.stop();
});

const running: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of running.splice(0).reverse()) await end();
});

/** Four workers over a store, and the page of `npx failfast dashboard` over the same. */
async function start(kind: Kind, options: Partial<ServeOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "failfast-page-"));
  running.push(() => rmSync(folder, { recursive: true, force: true }));
  const database = kind === "postgres" ? await startPostgres() : undefined;
  running.push(() => database?.stop());
  const where = database?.url ?? (kind === "redis" ? (redis?.url ?? "") : folder);
  const url = kind === "file" ? `file:${folder}` : where;
  const load = (path: string): Promise<never> =>
    import(new URL(`../../../${path}`, import.meta.url).href) as Promise<never>;
  const { storeFrom }: typeof import("../../../src/stores/url.js") = await load("dist/stores/url.js");
  const { serveDashboard }: typeof import("../../../src/dashboard/serve.js") =
    await load("build/dashboard/serve.js");
  const store = await storeFrom(url);
  running.push(() => store.close());
  await store.migrate?.();
  const workers = await startFleet({ kind, where }, 4, "60s");
  running.push(() => endFleet(workers));
  const served = await serveDashboard({ store, port: 0, ...options });
  running.push(() => served.close());
  return { workers, served };
}

async function visit({ url }: Served, credentials?: { username: string; password: string }): Promise<Tab> {
  const tab = await openTab(browser, url, credentials ? { httpCredentials: credentials } : {});
  const context: BrowserContext = tab.page.context();
  running.push(() => context.close());
  await tab.page.locator("[data-connection=live]").waitFor();
  return tab;
}

const heldIn = async (member: Member): Promise<unknown> => (await member.ask("state"))["held"];
const servedIn = async (member: Member): Promise<unknown> => (await member.ask("load", { ms: 5 }))["ok"];

describe.each(Object.keys(THERE) as Kind[])(
  "four workers on the %s store, and an operator at the page",
  (kind) => {
    describe.skipIf(browserProgram === undefined || !THERE[kind])("", () => {
      test("the page shows a trip in one worker, holds the circuit open for all four, and releases it", {
        timeout: 180_000,
      }, async () => {
        const { workers, served } = await start(kind);
        const { page, errors } = await visit(served);
        const [first] = workers;
        await first?.ask("trip");
        await page.getByText("of 1 circuit open").waitFor();
        await page.locator("button.name").click();
        await page.getByRole("button", { name: "Hold open" }).click();
        await page.getByLabel("Why?").fill("migration");
        const asked = performance.now();
        await page
          .getByRole("dialog", { name: /^Hold open/ })
          .getByRole("button", { name: "Hold open" })
          .click();
        const all = async (held: unknown): Promise<boolean> =>
          (await Promise.all(workers.map(heldIn))).every((each) => each === held);
        await until(() => all("open"), "every worker holds it open");
        console.log(
          `${kind}: four workers obeyed the page ${Math.round(performance.now() - asked)} ms after the click`,
        );
        expect(await Promise.all(workers.map(servedIn))).toEqual([0, 0, 0, 0]);
        await page.getByRole("dialog").getByText("Held open").first().waitFor();
        await page.getByRole("dialog").getByRole("cell", { name: "migration" }).waitFor();
        await page.getByRole("button", { name: "Release" }).click();
        await page.getByLabel("Why?").fill("done");
        await page
          .getByRole("dialog", { name: /^Release/ })
          .getByRole("button", { name: "Release" })
          .click();
        await until(() => all(undefined), "nobody holds it any more");
        expect(errors).toEqual([]);
      });
    });
  },
);

describe.skipIf(browserProgram === undefined || redisServer === undefined)(
  "while a real store is frozen",
  { timeout: 180_000 },
  () => {
    test("the page says so, shows the last known state, and recovers by itself", async () => {
      const { workers, served } = await start("redis");
      const { page } = await visit(served);
      await workers[0]?.ask("trip");
      await page.getByText("of 1 circuit open").waitFor();
      running.push(() => redis?.resume());
      redis?.pause();
      await page.getByRole("alert").getByText("The store is down").waitFor();
      expect(await page.getByText("of 1 circuit open").count()).toBe(1);
      const late = await visit(served);
      await late.page.getByRole("alert").getByText("The store is down").waitFor();
      redis?.resume();
      for (const each of [page, late.page])
        await each.getByText("The store is down").waitFor({ state: "detached" });
    });
  },
);

describe.skipIf(browserProgram === undefined)("on every server", { timeout: 180_000 }, () => {
  test("the page lets those with the password act, and shows nothing to others", async () => {
    const { workers, served } = await start("file", { user: "ops", password: "s3cret" });
    await workers[0]?.ask("trip");
    for (const path of ["", "live", "audit"]) expect((await fetch(served.url + path)).status).toBe(401);
    const wrong = { Authorization: `Basic ${btoa("ops:wrong")}` };
    const answers = new Set<number>();
    for (let guess = 0; guess < 15; guess++)
      answers.add((await fetch(served.url, { headers: wrong })).status);
    expect([...answers]).toEqual([401, 429]);
    const { page } = await visit(served, { username: "ops", password: "s3cret" });
    await page.locator("button.name").click();
    await page.getByRole("button", { name: "Hold open" }).waitFor();
  });

  test("the page lets everybody look and nobody act, if it is set so", async () => {
    const { workers, served } = await start("file", { readOnly: true });
    await workers[0]?.ask("trip");
    const { page } = await visit(served);
    await page.locator("button.name").click();
    await page.getByText("You can only look").waitFor();
  });
});
