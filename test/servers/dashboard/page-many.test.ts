// Many tabs, many circuits, and names that try to do harm.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { AT, circuitOf, fakeFleet } from "../../../src/dashboard/fleet.fixture.js";
import { BEAT_MS } from "../../../src/dashboard/messages.js";
import { browserProgram } from "./browser.js";
import { closeBrowser, closeTabs, look, open, rowOf, startBrowserOfFile } from "./look.js";

beforeAll(startBrowserOfFile);
afterEach(closeTabs);
afterAll(closeBrowser);

const statesOf = (page: Page): Promise<string[]> => page.locator(".circuit .state").allInnerTexts();

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
