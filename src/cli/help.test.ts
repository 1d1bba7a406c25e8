import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { flagsOf, refuseWords } from "./arguments.js";
import { migrate } from "./commands/migrate.js";
import { migrateOpossum } from "./commands/migrate-opossum.js";
import { helpOf } from "./help.js";
import { Terminal } from "./terminal.js";

const out = new Terminal(new EventEmitter() as never, { NO_COLOR: "1" });
const NAMES = ["status", "migrate", "migrate opossum"];

describe("a word after a command that takes none", () => {
  test.each([
    ["oposum", 'migrate takes no argument "oposum"; did you mean "migrate opossum"?'],
    ["opossum", 'migrate takes no argument "opossum"; did you mean "migrate opossum"?'],
    ["src", 'migrate takes no argument "src". See failfast migrate --help'],
  ])("is refused: migrate %s", (word, message) => {
    expect(() => refuseWords("migrate", migrate.usage, [word], NAMES)).toThrow(
      expect.objectContaining({ message, code: 2 }),
    );
  });

  test("is accepted after a command that takes one", () => {
    expect(() => refuseWords("status", "[NAME…]", ["oposum"], NAMES)).not.toThrow();
    expect(() => refuseWords("migrate", "", [], NAMES)).not.toThrow();
  });
});

describe("help", () => {
  test("of migrate names migrate opossum, and no line of it ends with a space", () => {
    const help = helpOf(out, "migrate", { ...migrate, flags: flagsOf(migrate) });
    expect(help).toContain("To move code from opossum: failfast migrate opossum --help");
    expect(help).toContain("--store URL");
    expect(help).not.toMatch(/ $/m);
  });

  test("of migrate opossum mentions no store, and has its own exit codes", () => {
    const help = helpOf(out, "migrate opossum", { ...migrateOpossum, flags: flagsOf(migrateOpossum) });
    expect(help).toMatch(/--write[\s\S]*--json[\s\S]*--help/);
    expect(help).not.toMatch(/--store|--prefix|the store could|--check/);
    expect(help).toMatch(/Exit codes: 0 success; 1 a file could not be read; 2 wrong arguments/);
  });
});
