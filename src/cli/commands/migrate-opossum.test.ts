import { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readArguments } from "../arguments.js";
import { Terminal } from "../terminal.js";
import { migrateOpossum } from "./migrate-opossum.js";

const BEFORE = 'import CircuitBreaker from "opossum";\nnew CircuitBreaker(load);\n';
const AFTER = 'import CircuitBreaker from "failfast/opossum";\nnew CircuitBreaker(load);\n';
const flags = { ...migrateOpossum.flags, json: { type: "boolean", help: "" } } as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-codemod-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (file: string, text = BEFORE): string => {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const terminal = (to: "out" | "err"): Terminal => {
    const stream = Object.assign(new EventEmitter(), { write: (text: string) => (written[to] += text) });
    return new Terminal(stream as never, { NO_COLOR: "1" });
  };
  const interrupted = new AbortController().signal;
  const session = { args: readArguments("migrate opossum", flags, args, {}), env: {}, interrupted };
  const code = await migrateOpossum.run({ ...session, out: terminal("out"), err: terminal("err") });
  return { code, ...written };
}

describe("failfast migrate opossum", () => {
  test("shows what would change, and changes nothing", async () => {
    const file = write("src/stock.ts");
    const { code, out, err } = await run(folder);
    expect(out.split("\n").slice(2)).toEqual([
      "@@ -1,2 +1,2 @@",
      '-import CircuitBreaker from "opossum";',
      '+import CircuitBreaker from "failfast/opossum";',
      " new CircuitBreaker(load);",
      "",
    ]);
    expect(err).toBe(
      `${file}:2: this breaker has no name; give it one before you share it through a store\n1 file to change. Add --write to change them.\n`,
    );
    expect([code, readFileSync(file, "utf8")]).toEqual([0, BEFORE]);
  });

  test("changes the files with --write, and then finds nothing more to change", async () => {
    const files = ["a.js", "b/c.mts", "b/d.tsx", "e.cjs"].map((file) => write(file));
    const other = write("other.js", 'import "opossum-prometheus";\n');
    expect((await run(folder, "--write")).err).toContain("4 files changed. Then: npm install failfast");
    for (const file of files) expect(readFileSync(file, "utf8")).toBe(AFTER);
    expect(readFileSync(other, "utf8")).toBe('import "opossum-prometheus";\n');
    expect((await run(folder)).out).toBe("");
  });

  test("leaves out dependencies, unless they are named", async () => {
    const skipped = ["node_modules/x/a.js", "dist/a.js", ".next/a.js", "src/a.min.js", "src/readme.md"].map(
      (file) => write(file),
    );
    symlinkSync(folder, join(folder, "circle"));
    expect((await run(folder, "--write")).err).toBe("Nothing to change.\n");
    for (const file of skipped) expect(readFileSync(file, "utf8")).toBe(BEFORE);
    await run(skipped[1] ?? "", "--write");
    expect(readFileSync(skipped[1] ?? "", "utf8")).toBe(AFTER);
  });

  test("says which file it can't read, goes on with the others, and fails", async () => {
    const broken = write("a.js", `${BEFORE}const = 1;\n`);
    const file = write("b.js");
    const { code, err } = await run(folder, "--write");
    expect(err).toContain(`${broken} was not changed: Unexpected token (3:6)`);
    expect([code, readFileSync(file, "utf8")]).toEqual([1, AFTER]);
  });

  test("prints the same as JSON with --json", async () => {
    const file = write("a.js");
    expect(JSON.parse((await run(folder, "--json")).out)).toEqual([
      { file, changed: true, remarks: [{ line: 2, text: expect.stringContaining("has no name") }] },
    ]);
  });

  test("refuses a path that does not exist", async () => {
    await expect(run(join(folder, "nowhere"))).rejects.toMatchObject({
      message: `no such file or folder: ${join(folder, "nowhere")}`,
      code: 2,
    });
  });
});
