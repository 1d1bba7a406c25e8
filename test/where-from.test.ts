// Everything that the package exports is on one page.
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string): string => readFileSync(root + file, "utf8");
const page = read("docs/where-from.md");

test("every subpath of the package has its row", () => {
  const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, unknown> };
  const names = Object.keys(exports).flatMap((subpath) => /^\.\/([\w-]+)$/.exec(subpath)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !page.includes(`\`failfast/${name}\``))).toEqual([]);
});

test("every store's page is linked", () => {
  const pages = globSync("docs/stores/*.md", { cwd: root }).map((file) => file.replace("docs/", ""));
  expect(pages.filter((file) => file !== "stores/table.md" && !page.includes(`(${file})`))).toEqual([]);
});

test("the README links to the page", () => {
  expect(read("README.md")).toContain("(docs/where-from.md)");
});
