import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("the simulated fleet of the documentation site can run in a browser", async () => {
  const { errors } = await build({
    entryPoints: ["site/playground/fleet.mjs"],
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    logLevel: "silent",
    external: ["failfast", "failfast/*"],
  });
  expect(errors).toEqual([]);
});

test("the front page of the documentation site has no text that YAML reads as a key", () => {
  const [, frontMatter = ""] = /^---\n([\s\S]*?)\n---/.exec(readFileSync("site/home.md", "utf8")) ?? [];
  const texts = [...frontMatter.matchAll(/^\s*(?:- )?\w+: (?!["'])(.*)$/gm)].map(([, text = ""]) => text);
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.filter((text) => /: |\s#/.test(text))).toEqual([]);
});
