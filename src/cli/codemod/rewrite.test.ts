import { describe, expect, test } from "vitest";
import { patch } from "./patch.js";
import { rewrite } from "./rewrite.js";

const moved = (text: string, name = "service.js"): string => rewrite(name, text).text;
const remarks = (text: string, name = "service.js"): string[] =>
  rewrite(name, text).remarks.map(({ line, text }) => `${line}: ${text}`);

describe("an import", () => {
  test.each([
    ['import CircuitBreaker from "opossum";', 'import CircuitBreaker from "failfast/opossum";'],
    ["import Opossum from 'opossum'", "import Opossum from 'failfast/opossum'"],
    [
      'import { default as Breaker } from "opossum";',
      'import { default as Breaker } from "failfast/opossum";',
    ],
    ['import * as CircuitBreaker from "opossum";', 'import CircuitBreaker from "failfast/opossum";'],
    ['import "opossum";', 'import "failfast/opossum";'],
    ['export { default } from "opossum";', 'export { default } from "failfast/opossum";'],
    [
      'const { default: B } = await import("opossum");',
      'const { default: B } = await import("failfast/opossum");',
    ],
    ['const B = (await import("opossum")).default;', 'const B = (await import("failfast/opossum")).default;'],
  ])("%s", (before, after) => {
    expect(moved(before, "service.mjs")).toBe(after);
    expect(moved(before, "service.ts")).toBe(after);
  });

  test.each([
    ['import type CircuitBreaker from "opossum";', 'import type CircuitBreaker from "failfast/opossum";'],
    ['import CircuitBreaker = require("opossum");', 'import CircuitBreaker from "failfast/opossum";'],
    [
      'import CircuitBreaker, { Options, type Stats } from "opossum";',
      'import CircuitBreaker, { BreakerOptions as Options, type Stats } from "failfast/opossum";',
    ],
    [
      'import { type Options as BreakerSettings } from "opossum";',
      'import { type BreakerOptions as BreakerSettings } from "failfast/opossum";',
    ],
  ])("of types is rewritten: %s", (before, after) => expect(moved(before, "service.ts")).toBe(after));
});

describe("a require", () => {
  test.each([
    [
      'const CircuitBreaker = require("opossum");',
      'const { default: CircuitBreaker } = require("failfast/opossum");',
    ],
    [
      "var Breaker = require('opossum'),\n    http = require('http');",
      "var { default: Breaker } = require('failfast/opossum'),\n    http = require('http');",
    ],
    ['const b = new (require("opossum"))(f);', 'const b = new (require("failfast/opossum").default)(f);'],
    ['let B; B = require("opossum");', 'let B; B = require("failfast/opossum").default;'],
    ['module.exports = require("opossum");', 'module.exports = require("failfast/opossum").default;'],
    [
      'const { isOurError } = require("opossum");',
      'const { isOurError } = require("failfast/opossum").default;',
    ],
    [
      'const ours = require("opossum").isOurError;',
      'const ours = require("failfast/opossum").default.isOurError;',
    ],
    ['const B = require("opossum").default;', 'const B = require("failfast/opossum").default;'],
    ['const { default: B } = require("opossum");', 'const { default: B } = require("failfast/opossum");'],
    ["const B = require(`opossum`);", "const { default: B } = require(`failfast/opossum`);"],
    [
      'if (x) { const B = require("opossum"); }',
      'if (x) { const { default: B } = require("failfast/opossum"); }',
    ],
  ])("%s", (before, after) => expect(moved(before, "service.cjs")).toBe(after));

  test("with types, in TypeScript, is rewritten", () => {
    expect(moved('const B: typeof import("x") = require("opossum");', "a.ts")).toBe(
      'const B: typeof import("x") = require("failfast/opossum").default;',
    );
  });

  test("in a mock gets a remark that the class is now the default export", () => {
    const text = 'jest.mock("opossum", () => jest.fn());';
    expect(moved(text)).toBe('jest.mock("failfast/opossum", () => jest.fn());');
    expect(remarks(text)).toEqual([
      "1: your mock must now export the class as `default`: `{ __esModule: true, default: … }`",
    ]);
  });
});

describe("the class", () => {
  test("called without new, as in opossum's first versions, gets new", () => {
    const text =
      'const circuit = require("opossum");\nmodule.exports = circuit(fetchUser, { name: "users" });';
    expect(moved(text)).toBe(
      'const { default: circuit } = require("failfast/opossum");\nmodule.exports = new circuit(fetchUser, { name: "users" });',
    );
  });

  test("is not confused with a parameter or variable of the same name", () => {
    const text = `import circuit from "opossum";
export const one = (circuit) => circuit(1);
export function two() { const circuit = () => 2; return circuit(); }
export const three = () => circuit(f, { name: "x" });`;
    expect(moved(text)).toBe(
      text.replace('"opossum"', '"failfast/opossum"').replace("=> circuit(f", "=> new circuit(f"),
    );
  });

  test("without a name, or with an option that does nothing, gets a remark", () => {
    const text = `import B from "opossum";
new B(f);
new B(f, { timeout: 1 });
new B(f, options);
new B(f, { ...options });
new B(f, { name: "x", maxFailures: 3 });`;
    expect(remarks(text)).toEqual([
      "2: this breaker has no name; give it one before you share it through a store",
      "3: this breaker has no name; give it one before you share it through a store",
      "6: maxFailures does nothing, in opossum neither: errorThresholdPercentage does",
    ]);
  });

  test.each([
    ["new Ns.default(f, o);", "new Ns(f, o);"],
    ['const b = Ns.default(f, { name: "x" });', 'const b = new Ns(f, { name: "x" });'],
    ["class B extends Ns.default {}", "class B extends Ns {}"],
    ['Ns["default"].isOurError(e);', "Ns.isOurError(e);"],
    ["const f = (Ns) => new Ns.default(g);", "const f = (Ns) => new Ns.default(g);"],
  ])("is found as the default of an import or a require: %s", (before, after) => {
    for (const [from, to] of [
      ["import * as Ns from 'opossum';", "import Ns from 'failfast/opossum';"],
      ["const Ns = require('opossum');", "const { default: Ns } = require('failfast/opossum');"],
    ])
      expect(moved(`${from}\n${before}`)).toBe(`${to}\n${after}`);
  });

  test("is found as the default of a namespace: its types, its options, and what can't be moved", () => {
    const text = `import * as Ns from "opossum";
export let one: Ns.default<[string], number> & InstanceType<typeof Ns.default>;
new Ns.default(f);
const { default: B } = Ns;`;
    expect(moved(text, "a.ts")).toBe(
      text.replace('* as Ns from "opossum"', 'Ns from "failfast/opossum"').replaceAll("Ns.default", "Ns"),
    );
    expect(remarks(text, "a.ts")).toEqual([
      "3: this breaker has no name; give it one before you share it through a store",
      "4: Ns is the class itself now, and has no default: write Ns in place of it",
    ]);
    const both = 'import B, * as Ns from "opossum";\nnew Ns.default(f, o);';
    expect(moved(both, "a.ts")).toBe(both.replace('"opossum"', '"failfast/opossum"'));
  });

  test("keeps subclasses and static methods as they are", () => {
    const text = `import CircuitBreaker from "opossum";
export class Breaker extends CircuitBreaker {
  constructor(action, options) { super(action, options); }
}
export const ours = (e) => CircuitBreaker.isOurError(e) && e instanceof CircuitBreaker;`;
    expect(moved(text)).toBe(text.replace('"opossum"', '"failfast/opossum"'));
  });
});

describe("a file", () => {
  test("of TypeScript with decorators, generics and types of its own is rewritten", () => {
    const text = `import CircuitBreaker from "opossum";
@Injectable()
export class Stock {
  private readonly breaker: CircuitBreaker<[string], number>;
  constructor(@Inject(HTTP) private readonly http: Http, options: CircuitBreaker.Options = {}) {
    this.breaker = new CircuitBreaker<[string], number>((id) => this.http.get<number>(id)!, { name: "stock", ...options });
  }
}
const cast = <T>(value: unknown) => <T>value;
enum Kind { A, B }
export type Made = InstanceType<typeof CircuitBreaker> satisfies unknown extends true ? 1 : 2;`.replace(
      " satisfies unknown",
      "",
    );
    expect(moved(text, "stock.ts")).toBe(text.replace('"opossum"', '"failfast/opossum"'));
  });

  test("with JSX, and with TSX, is rewritten", () => {
    const text = `import B from 'opossum';\nconst b = new B(load, { name: "x" });\nexport const View = () => <p>{b.opened ? "opossum" : <b/>}</p>;`;
    expect(moved(text, "view.jsx")).toBe(text.replace("'opossum'", "'failfast/opossum'"));
    expect(moved(text, "view.tsx")).toBe(text.replace("'opossum'", "'failfast/opossum'"));
  });

  test("keeps its other lines, line ends, comments and packages", () => {
    const text = `#!/usr/bin/env node\r\n'use strict' // opossum\r\nconst B = require('opossum') // the breaker\r\nconst P = require('opossum-prometheus')\r\nconsole.log("opossum", B, P)\r\n`;
    expect(moved(text, "bin.js")).toBe(
      text.replace("const B = require('opossum')", "const { default: B } = require('failfast/opossum')"),
    );
  });

  test("that is moved already, or does not use opossum, stays as it is", () => {
    for (const text of [
      'import CircuitBreaker from "failfast/opossum";\nnew CircuitBreaker(f);',
      'const { default: B } = require("failfast/opossum");\nB.isOurError(1);',
      'import { failfast } from "failfast";',
      "this is ( no JavaScript",
      'import P from "opossum-prometheus";',
      'export const animal = "opossum";',
    ]) {
      expect(moved(text)).toBe(text);
      expect(moved(moved(text))).toBe(text);
    }
  });

  test("is not changed by a second run", () => {
    const text = 'const B = require("opossum");\nconst b = B(f, { name: "x" });';
    expect(moved(moved(text))).toBe(moved(text));
  });

  test("that can't be parsed is refused", () => {
    expect(() => rewrite("a.js", 'import B from "opossum";\nconst = 1;')).toThrow(SyntaxError);
    expect(() => rewrite("a.js", 'import B from "opossum";\nconst a: string = 1;')).toThrow(SyntaxError);
  });

  test("that uses opossum's internals gets a remark", () => {
    expect(remarks('const S = require("opossum/lib/status");')).toEqual([
      "1: opossum/lib/status is a part of opossum that failfast/opossum doesn't have",
    ]);
    expect(remarks('export * from "opossum";')).toHaveLength(1);
    expect(remarks('import { Window } from "opossum";', "a.ts")).toEqual([
      '1: "failfast/opossum" has no Window',
    ]);
    expect(remarks('declare module "opossum";', "a.d.ts")).toHaveLength(1);
    expect(remarks('type B = import("opossum").Options;', "a.ts")).toHaveLength(1);
  });
});

describe("a patch", () => {
  test("has three lines of context around each change", () => {
    const before = Array.from({ length: 30 }, (_, n) => `line ${n}`);
    const after = before.map((line, n) => (n === 5 || n === 6 || n === 25 ? `${line}!` : line));
    expect(patch("a.js", `${before.join("\n")}\n`, `${after.join("\n")}\n`).split("\n")).toEqual([
      "--- a/a.js",
      "+++ b/a.js",
      "@@ -3,8 +3,8 @@",
      ...[" line 2", " line 3", " line 4", "-line 5", "-line 6", "+line 5!", "+line 6!"],
      ...[" line 7", " line 8", " line 9"],
      "@@ -23,7 +23,7 @@",
      ...[" line 22", " line 23", " line 24", "-line 25", "+line 25!", " line 26", " line 27", " line 28"],
    ]);
  });
});
