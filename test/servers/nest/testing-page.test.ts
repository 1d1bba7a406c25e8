// test/tools runs the other examples with their tools.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../../../examples/testing/", import.meta.url);
const docs = readFileSync(new URL("../../../docs/testing.md", import.meta.url), "utf8");

test.each(readdirSync(folder))("docs/testing.md shows %s as it is", (name) => {
  expect(docs).toContain(`\`\`\`js\n${readFileSync(new URL(name, folder), "utf8")}\`\`\``);
});

test("docs/testing.md shows the spec for Nest as it is run here", () => {
  const spec = readFileSync(new URL("documented.test.ts", import.meta.url), "utf8");
  expect(docs).toContain(`\`\`\`ts\n${spec}\`\`\``);
});
