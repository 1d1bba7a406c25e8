// What a program without types gives the functions that the entries of the package export: nothing, null, a text.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  exports: Record<string, { default?: string }>;
};

/** They answer whatever they are given, or are given something by a framework alone. */
const ANY = new Set([
  "isFailfastError",
  "isModelFailure",
  "isFailure",
  "failfastErrors",
  "FailfastInterceptor",
  "InjectFailfast",
  // The statement for a table of that name.
  "migration",
]);
/** All that they take may be left out. */
const NOTHING = new Set([
  "memoryStore",
  "createFailfast",
  "failfastFetch",
  "failfastMiddleware",
  "fileStore",
  "manualClock",
  "resetCircuits",
  "failfast/undici failfastInterceptor",
]);
/** A text is what they take first: a name, or a folder. */
const TEXT = new Set(["failfast", "guard", "Failfast", "fileStore", "getCircuitToken", "InjectCircuit"]);

const WRONG: readonly [string, readonly unknown[], ReadonlySet<string>][] = [
  ["nothing", [], NOTHING],
  ["null", [null], new Set()],
  ["a text", ["text"], TEXT],
  ["a class", [class Given {}], new Set()],
  ["a class, and a time", [class Given {}, 60], new Set()],
  ["a number", [5], new Set()],
  ["an object", [{ an: "object" }], new Set(["failfastTools"])],
];
/** What the language says, and a user can't do anything with. */
const RAW = /Cannot (read|destructure|set|convert)|is not (a function|iterable|a constructor)/;

const entries = Object.entries(exports).filter(([, target]) => target.default !== undefined);
const sourceOf = (target: string): string =>
  new URL(target.replace("./dist/", "../src/").replace(/\.js$/, ".ts"), import.meta.url).href;

describe.each(entries)("%s", (entry, { default: target = "" }) => {
  test("each function refuses wrong arguments with an error that says what it takes", async () => {
    const module = (await import(/* @vite-ignore */ sourceOf(target))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== "function" || ANY.has(name) || isClass(value)) continue;
      const full = `${entry.replace(".", "failfast")} ${name}`;
      for (const [what, args, taken] of WRONG) {
        const error = await refusal(() => value(...args));
        if (taken.has(name) || taken.has(full)) continue;
        expect(error, `${full} takes ${what}`).toBeInstanceOf(Error);
        const { name: kind, message } = error as Error;
        expect(kind, `${full} with ${what}: ${message}`).toMatch(/^(TypeError|StoreUrlError)$/);
        expect(message, `${full} with ${what}`).not.toMatch(RAW);
        expect(message, `${full} with ${what}`).toMatch(
          /\b(takes?|is for|wraps|guard|there (is|are)|are an object|to be|injected by|URL)\b/,
        );
      }
    }
  });
});

const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value));

async function refusal(call: () => unknown): Promise<unknown> {
  try {
    // A store has a `then` of nobody.
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("functions that take anything return an answer", async () => {
  for (const [entry, names] of [
    ["index", ["isFailfastError"]],
    ["clients/ai", ["isModelFailure"]],
    ["clients/fetch", ["isFailure"]],
  ] as const) {
    const module = (await import(/* @vite-ignore */ sourceOf(`./dist/${entry}.js`))) as Record<
      string,
      (value: unknown) => unknown
    >;
    for (const name of names)
      for (const value of [undefined, null, "text", 5, {}, { status: 500 }, class {}])
        expect(typeof module[name]?.(value), name).toBe("boolean");
  }
});
