// The scripts that the workflows call exist, and a release can't publish by itself.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = `${root}.github/workflows/`;
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(folder + name, "utf8") }));
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  scripts: Record<string, string>;
};
const makefile = readFileSync(`${root}Makefile`, "utf8");

test.each(workflows)("$name calls scripts and targets that exist", ({ text }) => {
  for (const [, script = ""] of text.matchAll(/npm run (?:--silent )?([\w:]+)/g))
    expect(scripts).toHaveProperty([script]);
  for (const [, target = ""] of text.matchAll(/run: make (\w+)/g)) expect(makefile).toContain(`\n${target}:`);
});

test("a release is staged, without a token, and the workflow never publishes it", () => {
  const { text } = workflows.find(({ name }) => name === "release.yml") ?? { text: "" };
  expect(text).toContain("npm stage publish");
  expect(text).toContain("id-token: write");
  expect(text).not.toMatch(/npm publish|changeset publish|NPM_TOKEN|NODE_AUTH_TOKEN/);
});
