// Mutation testing itself: which mistakes in test/mutation do the tests there notice?
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

function mutate(file: string): { status: number | null; said: string } {
  const options = ["--room", "test/mutation", "--file", file, "--workers", "1", "--patience", "1000"];
  const { status, stdout } = spawnSync(process.execPath, ["scripts/mutation.mjs", ...options], {
    encoding: "utf8",
  });
  return { status, said: stdout };
}

test("lists what no test notices, and fails; what never ends, at once or by waiting, was noticed", () => {
  const { status, said } = mutate("sample.ts");
  expect(said).toContain("| `sample.ts` | 13 | 10 (76.9 %) | 5 | 3 |");
  expect(said.split("\n").filter((line) => line.includes("  ->  "))).toEqual([
    "test/mutation/sample.ts:5:16  end > 0  ->  true",
    "test/mutation/sample.ts:5:16  end > 0  ->  end >= 0",
    "test/mutation/sample.ts:21:22  { return 1; }  ->  {}  (no test runs it)",
  ]);
  expect(status).toBe(1);
});

test("passes where each mistake is noticed", () => {
  const { status, said } = mutate("sum.ts");
  expect(said).toContain("| `sum.ts` | 2 | 2 (100.0 %) | 0 | 0 |");
  expect(status).toBe(0);
});
