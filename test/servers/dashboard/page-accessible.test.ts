// What axe finds on the page.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { browserProgram } from "./browser.js";
import { closeBrowser, closeTabs, look, problems, rowOf, startBrowserOfFile } from "./look.js";
import { shopFleet } from "./shop-fleet.js";

beforeAll(startBrowserOfFile);
afterEach(closeTabs);
afterAll(closeBrowser);

describe.skipIf(browserProgram === undefined)("the page", { timeout: 180_000 }, () => {
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
});
