// Opens the page of a fake fleet in a browser.
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import type { DashboardOptions } from "../../../src/dashboard/dashboard.js";
import { AT, circuitOf, type FakeFleet } from "../../../src/dashboard/fleet.fixture.js";
import type { CircuitOfFleet } from "../../../src/fleet/view.js";
import { browserProgram, openTab, type Shown, show, startBrowser, type Tab } from "./browser.js";

let browser: Browser;
/** All tests of a file share it. */
export async function startBrowserOfFile(): Promise<void> {
  if (browserProgram !== undefined) browser = await startBrowser(browserProgram);
}
export const closeBrowser = (): Promise<void> | undefined => browser?.close();

const running: { close(): Promise<void> }[] = [];
/** After each test. */
export async function closeTabs(): Promise<void> {
  for (const each of running.splice(0).reverse()) await each.close();
}

export interface Looking extends Tab {
  readonly fleet: FakeFleet;
  readonly shown: Shown;
  /** The fleet changes, and the change is sent. */
  news(circuits: readonly CircuitOfFleet[]): Promise<void>;
}

export async function look(
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

export const open = (name: string, more: Partial<CircuitOfFleet> = {}): CircuitOfFleet =>
  circuitOf(name, {
    state: "open",
    since: AT,
    until: AT + 60_000,
    reason: "5 failures in a row",
    by: "web-1/7",
    ...more,
  });
export const rowOf = (page: Page, name: string) =>
  page.getByRole("row").filter({ has: page.getByRole("button", { name, exact: true }) });

interface Found {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Problems that axe calls serious or critical, shortened. */
export async function problems(page: Page, rules: object = {}): Promise<string[]> {
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
