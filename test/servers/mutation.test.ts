// Mutation testing itself: which mistakes in test/mutation do the tests there find?
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

function mutate(file: string): { status: number | null; said: string } {
  const options = ["--room", "test/mutation", "--file", file, "--workers", "1", "--patience", "3000"];
  const { status, stdout } = spawnSync(process.execPath, ["scripts/mutation.mjs", ...options], {
    encoding: "utf8",
  });
  return { status, said: stdout };
}

/** Several processes start, one after the other. */
const SLOW = { timeout: 120_000 };

test(
  "lists mistakes that no test finds, and fails; a mistake that makes a test hang counts as found",
  SLOW,
  () => {
    const { status, said } = mutate("sample.ts");
    expect(said).toContain("| `sample.ts` | 15 | 12 (80.0 %) | 4 | 3 |");
    expect(said.split("\n").filter((line) => line.includes("  ->  "))).toEqual([
      "test/mutation/sample.ts:5:7  way < 0  ->  false",
      "test/mutation/sample.ts:5:7  way < 0  ->  way <= 0",
      "test/mutation/sample.ts:25:22  { return 1; }  ->  {}  (no test runs it)",
    ]);
    expect(status).toBe(1);
  },
);

test("passes if each mistake is found", SLOW, () => {
  const { status, said } = mutate("sum.ts");
  expect(said).toContain("| `sum.ts` | 2 | 2 (100.0 %) | 0 | 0 |");
  expect(status).toBe(0);
});
