import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserProgram, openTab, type Shown, show, startBrowser } from "./browser.js";
import { type ShopFleet, shopFleet } from "./shop-fleet.js";

/** `npm run pictures` writes them to the docs; otherwise they are only made. */
const folder = process.env["FAILFAST_PICTURES"]
  ? fileURLToPath(new URL("../../../docs/dashboard", import.meta.url))
  : undefined;
if (folder !== undefined) mkdirSync(folder, { recursive: true });

describe.skipIf(browserProgram === undefined)("the page in pictures", { timeout: 180_000 }, () => {
  let browser: Browser;
  let shown: Shown;
  let fleet: ShopFleet;
  beforeAll(async () => {
    fleet = shopFleet(Date.UTC(2026, 10, 27, 14, 20));
    [browser, shown] = await Promise.all([
      startBrowser(browserProgram ?? ""),
      show(fleet, { authorize: () => true }),
    ]);
    // A viewer looks from the beginning, so that later viewers get the history.
    const first = await openTab(browser, shown.url);
    await first.page.getByText("Live", { exact: true }).waitFor();
    for (let step = 0; step < 62; step++) {
      fleet.step();
      await shown.clock.advance(250);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await shown?.close();
  });

  test.each([
    ["dark", { colorScheme: "dark" }, undefined],
    ["light", { colorScheme: "light" }, undefined],
    ["details", { colorScheme: "light" }, "payments:stripe"],
    [
      "telephone",
      { colorScheme: "dark", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
      undefined,
    ],
  ] as const)("%s", async (name, options, circuit) => {
    const { page, errors } = await openTab(browser, shown.url, options);
    await page.getByRole("button", { name: "payments:stripe" }).waitFor();
    if (circuit !== undefined) await page.getByRole("button", { name: circuit }).first().click();
    await page.evaluate("document.fonts.ready.then(() => true)");
    const picture = await page.screenshot(folder === undefined ? {} : { path: `${folder}/${name}.png` });
    expect(picture.length).toBeGreaterThan(10_000);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
