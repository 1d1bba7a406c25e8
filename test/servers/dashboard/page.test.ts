import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { AT, circuitOf, fakeFleet } from "../../../src/dashboard/fleet.fixture.js";
import { BEAT_MS } from "../../../src/dashboard/messages.js";
import { browserProgram } from "./browser.js";
import { closeBrowser, closeTabs, look, open, problems, rowOf, startBrowserOfFile } from "./look.js";
import { shopFleet } from "./shop-fleet.js";

beforeAll(startBrowserOfFile);
afterEach(closeTabs);
afterAll(closeBrowser);

// On a machine that is busy with other tests a browser is slow.
describe.skipIf(browserProgram === undefined)("the page", { timeout: 180_000 }, () => {
  test("shows the events of a fleet while they happen", async () => {
    const { page, news, errors } = await look(fakeFleet([circuitOf("sales"), circuitOf("mail")]));
    await page.getByText("All closed").waitFor();
    await news([circuitOf("mail"), open("sales")]);
    const row = rowOf(page, "sales");
    await row.getByText("5 failures in a row").waitFor();
    expect(await row.locator(".state").textContent()).toBe("Open");
    expect(await row.getByText("left").textContent()).toMatch(/^(60|[1-5]?\d|1 m 0) s left/);
    expect(await page.title()).toBe("(1 open) Circuits");
    await page.locator("[aria-live=polite]", { hasText: "sales is open." }).waitFor({ state: "attached" });
    await news([circuitOf("mail"), open("sales", { state: "half-open" })]);
    await row.getByText("Half-open").waitFor();
    await news([
      circuitOf("mail"),
      circuitOf("sales", { held: "open", since: AT, reason: "migration", by: "maria" }),
    ]);
    await row.getByText("until released").waitFor();
    await news([circuitOf("mail"), circuitOf("sales")]);
    await page.getByText("All closed").waitFor();
    await news([circuitOf("mail")]);
    await row.waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });

  test("says that the store is down, and recovers", async () => {
    const { page, fleet, news } = await look(fakeFleet([open("sales")]));
    fleet.set({ store: { up: false, since: AT, latencyMs: undefined, error: "ECONNREFUSED" } });
    await news([open("sales")]);
    await page.getByRole("alert").getByText("The store is down").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("ECONNREFUSED");
    fleet.set({ store: { up: true, since: AT, latencyMs: 1 } });
    await news([open("sales")]);
    await page.getByText("The store is down").waitFor({ state: "detached" });
  });

  test("says that its data is old, and continues once the server is back", async () => {
    const { page, news, shown } = await look(fakeFleet([circuitOf("sales")]));
    const context = page.context();
    await context.clock.install();
    const other = await context.newPage();
    await other.goto(shown.url);
    await page.reload();
    for (const each of [page, other]) await rowOf(each, "sales").waitFor();
    await context.setOffline(true);
    await context.route("**/live*", (route) => route.abort());
    shown.interrupt();
    await context.clock.fastForward(BEAT_MS * 3);
    for (const each of [page, other]) {
      await each.locator("[data-connection='cut off'], [data-connection=stale]").waitFor();
      await each.getByRole("alert").getByText("reconnects by itself").waitFor();
    }
    await news([open("sales")]);
    await context.unroute("**/live*");
    await context.setOffline(false);
    await context.clock.runFor(BEAT_MS * 3);
    for (const each of [page, other]) {
      await each.locator("[data-connection=live]").waitFor();
      await rowOf(each, "sales").getByText("5 failures in a row").waitFor();
    }
    await shown.clock.advance(BEAT_MS);
    await expect.poll(shown.connections).toBe(1);
  });

  test("knows in each tab what its own login may do", async () => {
    let operator = false;
    const { page, shown } = await look(fakeFleet([circuitOf("sales")]), { authorize: () => operator });
    await rowOf(page, "sales").waitFor();
    operator = true;
    const other = await page.context().newPage();
    await other.goto(shown.url);
    await rowOf(other, "sales").getByRole("button").click();
    await other.getByRole("button", { name: "Hold open" }).waitFor();
    await expect.poll(shown.connections).toBe(1);
    await rowOf(page, "sales").getByRole("button").click();
    await page.getByText("You can only look").waitFor();
  });

  test("can be used with the keyboard only", async () => {
    const fleet = fakeFleet(["alpha", "beta", "gamma"].map((name) => open(name)));
    const { page } = await look(fleet, { authorize: () => true });
    await rowOf(page, "alpha").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("a");
    await page.locator(".filters button").first().focus();
    while (!(await page.evaluate("document.activeElement.matches('button.name')")))
      await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.locator("button.name:focus[data-name=beta]").waitFor();
    await page.keyboard.press("End");
    await page.locator("button.name:focus[data-name=gamma]").waitFor();
    await page.keyboard.press("k");
    await page.locator("button.name:focus[data-name=beta]").waitFor();
    await page.keyboard.press("Enter");
    await page
      .getByRole("dialog", { name: "beta" })
      .getByRole("button", { name: "Hold open" })
      .press("Enter");
    const ask = page.getByRole("dialog", { name: "Hold open: beta" });
    await ask.getByLabel("Why?").fill("migration");
    await ask.getByLabel("Why?").press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await ask.waitFor({ state: "detached" });
    expect(fleet.asked).toEqual([["hold", "beta", "open", { reason: "migration", until: "3600000ms" }]]);
    await page.keyboard.press("Escape");
    await page.locator("button.name:focus[data-name=beta]").waitFor();
  });

  test("lets an operator act, shows what went wrong, and asks for a reason", async () => {
    const fleet = fakeFleet([open("sales")]);
    const { page } = await look(fleet, { authorize: () => true });
    await rowOf(page, "sales").getByRole("button").click();
    await page.getByRole("button", { name: "Reset" }).click();
    const ask = page.getByRole("dialog", { name: "Reset: sales" });
    await ask.getByRole("button", { name: "Reset" }).click();
    expect(fleet.asked).toEqual([]);
    await ask.getByLabel("Why?").fill("fixed");
    fleet.act = async () => ({ stored: false });
    await ask.getByRole("button", { name: "Reset" }).click();
    await ask.getByText("The store did not accept it").waitFor();
    fleet.act = async () => ({ stored: true });
    await ask.getByRole("button", { name: "Reset" }).click();
    await ask.waitFor({ state: "detached" });
    expect(fleet.asked.at(-1)).toEqual(["reset", "sales", { reason: "fixed" }]);
  });

  test("lets an operator act on all results of a search, after a confirmation", async () => {
    const fleet = fakeFleet([open("shop_a"), open("shop_b"), open("mail")]);
    const { page } = await look(fleet, { authorize: () => true });
    await rowOf(page, "mail").waitFor();
    expect(await page.getByRole("group", { name: /circuits in the list/ }).count()).toBe(0);
    await page.getByRole("searchbox").fill("shop");
    await page
      .getByRole("group", { name: "All 2 circuits in the list" })
      .getByRole("button", { name: "Hold open" })
      .click();
    const ask = page.getByRole("dialog", { name: "Hold open: 2 circuits" });
    await ask.getByLabel("Why?").fill("migration");
    await ask.getByRole("button", { name: "Hold open" }).click();
    expect(fleet.asked).toEqual([]);
    expect(await problems(page)).toEqual([]);
    await ask.getByLabel("All 2 of them").check();
    await ask.getByRole("button", { name: "Hold open" }).click();
    await ask.waitFor({ state: "detached" });
    expect(fleet.asked.map(([verb, name]) => `${verb} ${name}`)).toEqual(["hold shop_a", "hold shop_b"]);
  });

  test("shows no actions to anybody else, and the server refuses them", async () => {
    const fleet = fakeFleet([open("sales")]);
    const { page } = await look(fleet, { authorize: () => false });
    await rowOf(page, "sales").getByRole("button").click();
    await page.getByText("You can only look").waitFor();
    expect(await page.getByRole("button", { name: "Hold open" }).count()).toBe(0);
    const status =
      await page.evaluate(`fetch("act", { method: "POST", headers: { "Content-Type": "application/json",
      "x-failfast-action": "1" }, body: JSON.stringify({ verb: "reset", circuit: "sales", reason: "r" }) })
      .then(({ status }) => status)`);
    expect(status).toBe(403);
    expect(fleet.asked).toEqual([]);
  });

  test("can't be framed, and runs no foreign script", async () => {
    const { page, shown } = await look(fakeFleet([]));
    const answer = await page.request.get(shown.url);
    expect(answer.headers()["content-security-policy"]).toContain("frame-ancestors 'none'");
    const ran = await page.evaluate(`(() => {
      const script = document.createElement("script");
      try { script.textContent = "window.owned = true"; document.head.append(script); } catch {}
      return window.owned === true;
    })()`);
    expect(ran).toBe(false);
  });

  test("has the chosen colours", async () => {
    const { page } = await look(fakeFleet([]), {}, { colorScheme: "light" });
    const themeIs = (theme: string): Promise<void> => page.locator(`html[data-theme=${theme}]`).waitFor();
    await page.getByRole("button", { name: "Colours: auto" }).click();
    await page.getByRole("button", { name: "Colours: light" }).click();
    await themeIs("dark");
    await page.reload();
    await themeIs("dark");
  });

  test("fits on a telephone", async () => {
    const fleet = shopFleet();
    for (let step = 0; step < 50; step++) fleet.step();
    const viewport = { width: 360, height: 740 };
    const { page } = await look(fleet, {}, { viewport, hasTouch: true, isMobile: true });
    await rowOf(page, "payments:stripe").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(viewport.width);
    await rowOf(page, "payments:stripe").getByRole("button").tap();
    const box = await page.getByRole("dialog").boundingBox();
    expect(box?.width).toBe(viewport.width);
  });
});
