import { afterEach, expect, test, vi } from "vitest";
import { createFailfast } from "../index.js";

afterEach(() => vi.restoreAllMocks());

test.each([
  ["exceptions", { exceptions: () => Promise.resolve(true) }],
  ["exceptions, which rejects", { exceptions: () => Promise.reject(new Error("of the predicate")) }],
  ["results", { results: () => Promise.reject(new Error("of the predicate")) }],
  ["enabled", { enabled: () => Promise.resolve(true) }],
])("a predicate that returns a promise counts as false: %s", async (_, options) => {
  const said: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((message) => void said.push(String(message)));
  const circuit = createFailfast()("x", 60, options as never);
  for (let n = 0; n < 3; n++) {
    expect(await circuit.run(() => 1)).toBe(1);
    if ("results" in options) continue;
    await expect(circuit.run(() => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(circuit.state).toBe("closed");
  expect(said.length).toBeLessThanOrEqual(1);
  for (const each of said) expect(each).toMatch(/returned a promise, which counts as false/);
});
