import { expect, test } from "vitest";
import { remember } from "./remember.fixture.js";
import { safeWatcher } from "./watcher.js";

test("a watcher reports keys under its prefix, and gaps", () => {
  const seen = remember();
  const watcher = safeWatcher("circuit:", seen);
  watcher.change({ key: "circuit:a", value: "1" });
  watcher.change({ key: "hold:a", value: "2" });
  watcher.gap();
  expect(seen).toMatchObject({ changes: [{ key: "circuit:a", value: "1" }], gaps: 1 });
});

test("a message that can't be read is a gap", () => {
  const seen = remember();
  const watcher = safeWatcher("", seen);
  watcher.message('["a","1",5]');
  expect(seen.changes).toEqual([{ key: "a", value: "1", now: 5 }]);
  for (const text of ["", "no json", "{}", "null", "7", '["a"]', '["a","1"]', '["a",1,1]', '["a","1","1"]'])
    watcher.message(text);
  expect(seen.gaps).toBe(9);
});

test("a listener that throws breaks nothing", () => {
  const fail = (): never => {
    throw new Error("a listener's own");
  };
  const watcher = safeWatcher("", { change: fail, gap: fail });
  expect(() => watcher.change({ key: "a", value: "1" })).not.toThrow();
  expect(() => watcher.message('["a","1",5]')).not.toThrow();
  expect(() => watcher.gap()).not.toThrow();
});

test("a watcher reports nothing after its end", () => {
  const seen = remember();
  const watcher = safeWatcher("", seen);
  watcher.end();
  watcher.change({ key: "a", value: "1" });
  watcher.message('["a","1",5]');
  watcher.gap();
  expect(seen).toMatchObject({ changes: [], gaps: 0 });
});
