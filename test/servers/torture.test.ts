import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

interface Run {
  readonly version: string;
  readonly results: Record<string, { readonly end: string; readonly note?: string }>;
}

const runs = new Map<string, Promise<Run>>();

function torture(library: string): Promise<Run> {
  const run = runs.get(library) ?? inChild(library);
  runs.set(library, run);
  return run;
}

function inChild(library: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = fork("verification/peer-defects/child.mjs", [library]);
    let said: Run | undefined;
    child.on("message", (message) => {
      said = message as Run;
    });
    child.on("exit", (code) => {
      if (said) resolve(said);
      else reject(new Error(`the cases on ${library} ended with ${code}`));
    });
  });
}

/** The page's tables: the result of a library, by case. */
function documented(library: string, version: string): Record<string, string> {
  const page = readFileSync("docs/torture.md", "utf8");
  expect(page).toContain(`${library} ${version}`);
  const cells: Record<string, string> = {};
  for (const section of page.split(/^## /m).slice(1)) {
    const [about, ...lines] = section.split("\n");
    const rows = lines.filter((line) => line.startsWith("| ")).map((line) => line.split(" | "));
    const column = rows[0]?.findIndex((title) => title.replace(/\W+$/, "") === library) ?? -1;
    for (const row of rows.slice(1)) cells[`${about}: ${row[0]?.slice(2)}`] = row[column] ?? "";
  }
  return cells;
}

const MARK: Record<string, string> = {
  pass: "pass",
  fail: "**fails**",
  "with a setting": "with a setting",
  "not offered": "—",
};

describe("the table of defects", () => {
  test("shows that failfast passes every case", async () => {
    const { results } = await torture("failfast");
    const failed = Object.entries(results).filter(([, { end }]) => end !== "pass");
    expect(failed).toEqual([]);
    expect(Object.keys(results).length).toBeGreaterThanOrEqual(40);
  });

  test.each(["failfast", "opossum", "cockatiel"])("has the page's results for %s", async (library) => {
    const { version, results } = await torture(library);
    const cells = documented(library, version);
    expect(Object.keys(cells).sort()).toEqual(Object.keys(results).sort());
    for (const [name, { end }] of Object.entries(results))
      expect(`${name}: ${cells[name]}`).toContain(`${name}: ${MARK[end]}`);
  });
});
