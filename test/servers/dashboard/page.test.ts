import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DashboardOptions } from "../../../src/dashboard/dashboard.js";
import { AT, circuitOf, type FakeFleet, fakeFleet } from "../../../src/dashboard/fleet.fixture.js";
import { BEAT_MS } from "../../../src/dashboard/messages.js";
import type { CircuitOfFleet } from "../../../src/fleet/view.js";
import { browserProgram, openTab, type Shown, show, startBrowser, type Tab } from "./browser.js";
import { shopFleet } from "./shop-fleet.js";

let browser: Browser;
beforeAll(async () => {
  if (browserProgram !== undefined) browser = await startBrowser(browserProgram);
});
afterAll(() => browser?.close());

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.close();
});

interface Looking extends Tab {
  readonly fleet: FakeFleet;
  readonly shown: Shown;
  /** The fleet changes, and the change is sent. */
  news(circuits: readonly CircuitOfFleet[]): Promise<void>;
}

async function look(
  fleet: FakeFleet,
  options: DashboardOptions = {},
  context: Parameters<typeof openTab>[2] = {},
): Promise<Looking> {
  const shown = await show(fleet, options);
  running.push(shown);
  const opened = await openTab(browser, shown.url, context);
  running.push(opened.page.context());
  await opened.page.locator("[data-connection=live]").waitFor();
  await opened.page.getByText("circuit", { exact: false }).first().waitFor();
  return {
    ...opened,
    fleet,
    shown,
    async news(circuits) {
      fleet.set({ circuits });
      await shown.clock.advance(250);
    },
  };
}

const open = (name: string, more: Partial<CircuitOfFleet> = {}): CircuitOfFleet =>
  circuitOf(name, {
    state: "open",
    since: AT,
    until: AT + 60_000,
    reason: "5 failures in a row",
    by: "web-1/7",
    ...more,
  });
const rowOf = (page: Page, name: string) =>
  page.getByRole("row").filter({ has: page.getByRole("button", { name, exact: true }) });
const statesOf = (page: Page): Promise<string[]> => page.locator(".circuit .state").allInnerTexts();

// On a machine that is busy with other tests a browser is slow.
describe.skipIf(browserProgram === undefined)("the page", { timeout: 180_000 }, () => {
  test("shares one connection between eight tabs of a browser", async () => {
    const { page, shown, news, errors } = await look(fakeFleet([circuitOf("sales")]));
    const others: Page[] = [];
    for (let tab = 0; tab < 7; tab++) {
      const other = await page.context().newPage();
      await other.goto(shown.url);
      await other.getByText("All closed").waitFor();
      others.push(other);
      await shown.clock.advance(BEAT_MS);
    }
    await expect.poll(shown.connections).toBe(1);
    await news([open("sales")]);
    for (const each of [page, ...others]) await rowOf(each, "sales").getByText("Open").waitFor();
    // It is the connected one.
    await page.close({ runBeforeUnload: true });
    await expect.poll(shown.connections).toBe(1);
    await news([open("sales", { state: "half-open" })]);
    for (const each of others) await rowOf(each, "sales").getByText("Half-open").waitFor();
    expect(errors).toEqual([]);
  });

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

  test("is not harmed by names and reasons with markup", async () => {
    const hostile = [
      "<script>document.title='owned'</script>",
      "<img src=x onerror=\"document.title='owned'\">",
      "</style></script><svg onload=alert(1)>",
      "javascript:alert(1)",
      "__proto__",
      "constructor",
      "\u202Egnp.exe\u202C",
      "שלום \u2067right to left",
      "🧨💥👩‍👩‍👧",
      "a\u0000b\r\nevent: hello",
      "x".repeat(10_000),
      "",
    ];
    const circuits = hostile.map((name) =>
      open(name, {
        reason: name,
        by: name,
        settings: { [name || "empty"]: name },
        votes: [{ host: name, until: AT }],
      }),
    );
    const fleet = fakeFleet(circuits);
    for (const circuit of hostile)
      fleet.trail.push({ at: AT, verb: "trip", circuit, by: circuit, reason: circuit, until: undefined });
    const { page, errors } = await look(fleet, { authorize: () => true });
    await page
      .locator(".circuit")
      .nth(hostile.length - 1)
      .waitFor({ state: "attached" });
    const names = page.locator("button.name");
    for (let at = 0; at < hostile.length; at++) {
      await names.nth(at).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").getByText("What operators did").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "Audit" }).click();
    await page.getByText("tripped").first().waitFor();
    expect(await page.title()).toBe(`(${hostile.length} open) Circuits`);
    expect(await page.evaluate("document.querySelectorAll('#page script, #page img').length")).toBe(0);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(errors).toEqual([]);
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

  describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
    // Only the colours differ.
    const rules = colorScheme === "dark" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {};

    test("has no serious problem that axe finds", async () => {
      const fleet = shopFleet();
      for (let step = 0; step < 52; step++) fleet.step();
      const { page } = await look(fleet, { authorize: () => true }, { colorScheme });
      expect(await page.evaluate("document.documentElement.dataset.theme")).toBe(colorScheme);
      await rowOf(page, "payments:stripe").waitFor();
      expect(await problems(page, rules)).toEqual([]);
      await rowOf(page, "payments:stripe").getByRole("button").click();
      await page.getByRole("dialog").getByText("Settings").waitFor();
      expect(await problems(page, rules)).toEqual([]);
      await page.getByRole("button", { name: "Hold closed" }).click();
      await page.getByLabel("Why?").waitFor();
      expect(await problems(page, rules)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      for (const view of ["Processes", "Audit"]) {
        await page.getByRole("button", { name: view }).click();
        await page.getByRole("table").waitFor();
        expect(await problems(page, rules)).toEqual([]);
      }
    });
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

  test("finds, filters and groups among 5 000 circuits, with few of them in the document", {
    timeout: 120_000,
  }, async () => {
    const circuits = Array.from({ length: 5_000 }, (_, at) =>
      at % 500 === 0 ? open(`svc${at % 20}_backend_${at}`) : circuitOf(`svc${at % 20}_backend_${at}`),
    );
    const { page, news } = await look(fakeFleet(circuits));
    const inDocument = (): Promise<number> => page.locator(".circuit").count();
    await rowOf(page, "svc0_backend_0").waitFor();
    expect(await inDocument()).toBeLessThan(60);
    const frames = (await page.evaluate(`new Promise((done) => {
      const took = [];
      let before = performance.now();
      const step = (now) => {
        took.push(now - before);
        before = now;
        scrollBy(0, 900);
        if (took.length < 120) requestAnimationFrame(step);
        else done(took.slice(1).sort((a, b) => a - b));
      };
      requestAnimationFrame(step);
    })`)) as number[];
    const at = (share: number): string => `${(frames[Math.floor(frames.length * share)] ?? 0).toFixed(1)} ms`;
    console.log(
      `scrolling 5 000 circuits: a frame takes ${at(0.5)} (p50), ${at(0.95)} (p95), ${at(0.999)} at most`,
    );
    expect(await inDocument()).toBeLessThan(60);
    await page.evaluate("scrollTo(0, document.body.scrollHeight)");
    await rowOf(page, "svc9_backend_989").waitFor();
    expect(await inDocument()).toBeLessThan(60);
    await page.getByRole("searchbox").fill("svc7 backend_4987");
    await rowOf(page, "svc7_backend_4987").waitFor();
    expect(await inDocument()).toBe(1);
    await page.getByRole("searchbox").fill("");
    await page.getByRole("button", { name: /^Open 10/ }).click();
    await expect.poll(inDocument).toBe(10);
    expect(new Set(await statesOf(page))).toEqual(new Set(["Open"]));
    await page.getByRole("button", { name: /^All/ }).click();
    await page.getByLabel("Group by").selectOption("prefix");
    await page.getByText("svc0 250").first().waitFor();
    await news(circuits.map(({ name }) => circuitOf(name)));
    await page.getByText("All closed").waitFor();
  });
});

interface Found {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Problems that axe calls serious or critical, shortened. */
async function problems(page: Page, rules: object = {}): Promise<string[]> {
  await page.evaluate(`window.axe ??= (() => { ${axe.source}; return window.axe ?? axe; })()`);
  const options = JSON.stringify({ resultTypes: ["violations"], ...rules });
  const { violations } = (await page.evaluate(`axe.run(document, ${options})`)) as {
    violations: Found[];
  };
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
    );
}
