import { afterEach, expect, test, vi } from "vitest";
import { builtin, warn } from "./platform.js";

afterEach(() => vi.unstubAllGlobals());

test("functions of Node that exist but throw, as in Next.js's edge runtime, count as missing", () => {
  const refuses = () => {
    throw new Error("not supported in the Edge Runtime");
  };
  const told = vi.fn();
  vi.stubGlobal("process", { getBuiltinModule: refuses, emitWarning: refuses });
  vi.stubGlobal("console", { warn: told });
  expect(builtin("node:fs")).toBeUndefined();
  warn("FAILFAST_STORE", "in trouble");
  expect(told).toHaveBeenCalledWith("FAILFAST_STORE: in trouble");
});
