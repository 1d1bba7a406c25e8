import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { DashboardOptions } from "../../../src/dashboard/dashboard.js";
import type { Fleet } from "../../../src/fleet/fleet.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";
import { findProgram, requireProgram } from "../require.js";

/** Only the built library has the page. */
async function built(): Promise<
  typeof import("../../../src/dashboard/dashboard.js") & typeof import("../../../src/dashboard/node.js")
> {
  const from = (name: string): Promise<object> =>
    import(new URL(`../../../build/dashboard/${name}.js`, import.meta.url).href);
  return Object.assign({}, await from("dashboard"), await from("node")) as never;
}

export interface Shown {
  readonly url: string;
  readonly clock: ManualClock;
  /** How many streams are open. */
  connections(): number;
  /** Cuts every connection, as a network may. */
  interrupt(): void;
  close(): Promise<void>;
}

/** Serves the page for a fleet that the test makes up. */
export async function show(fleet: Fleet, options: DashboardOptions = {}): Promise<Shown> {
  const { dashboardOf, toNodeListener } = await built();
  const clock = manualClock();
  const page = dashboardOf(() => fleet, options, clock);
  const answer = toNodeListener(page);
  let streams = 0;
  const server = createServer((request, response) => {
    if (request.url?.includes("/live")) {
      streams++;
      response.once("close", () => streams--);
    }
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${options.basePath ?? ""}/`,
    clock,
    connections: () => streams,
    interrupt: () => server.closeAllConnections(),
    async close() {
      await page.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Debian's browser without a window, which starts in half of the time, or the whole one. */
export const browserProgram: string | undefined =
  findProgram("chromium-headless-shell") ?? requireProgram("chromium");

export const startBrowser = (program: string): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });

/** A page of the browser, and the errors in it. */
export interface Tab {
  readonly page: Page;
  readonly errors: string[];
}

export async function openTab(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 960 },
    // What moves all the time is drawn all the time.
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("dialog", async (dialog) => {
    errors.push(`a dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(url);
  return { page, errors };
}
