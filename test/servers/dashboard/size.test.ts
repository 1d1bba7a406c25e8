import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const file = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");

test("the page is at most 120 kB gzipped, and no part of it is in the core", () => {
  const page = file("build/dashboard/bundle.js");
  console.log(`the page: ${(gzipSync(page).length / 1_000).toFixed(1)} kB gzipped`);
  expect(gzipSync(page).length).toBeLessThanOrEqual(120_000);
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, from = ""] of file(path).matchAll(/(?:from |^import |\bimport\()"(\.[^"]+)"/gm))
      follow(new URL(from, `file:///${path}`).pathname.slice(1));
  };
  follow("dist/index.js");
  expect([...reached].filter((path) => file(path).includes("uplot"))).toEqual([]);
});
