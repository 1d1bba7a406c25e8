import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Where a server's program is, looked for on the PATH and in the folders given; `undefined` when it isn't
 * installed, which is said once, for its tests are then skipped:
 *
 *     const redisServer = requireProgram("redis-server");
 *     describe.skipIf(!redisServer)("…", …);
 *
 * `FAILFAST_TEST_REQUIRE`, "all" or programs' names with commas between, makes that an error instead.
 */
export function requireProgram(program: string, folders: readonly string[] = []): string | undefined {
  const path = findProgram(program, folders);
  if (path !== undefined) return path;

  const required = (process.env["FAILFAST_TEST_REQUIRE"] ?? "").split(",");
  if (required.includes("all") || required.includes(program)) {
    throw new Error(`${program} is not installed, and FAILFAST_TEST_REQUIRE asks for it`);
  }
  if (!missing.has(program)) console.warn(`skipped: the tests on ${program}, which is not installed`);
  missing.add(program);
  return undefined;
}

/** The same for a program that only some systems have: it is never required, and its lack is not mentioned. */
export function findProgram(program: string, folders: readonly string[] = []): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), ...folders]
    .map((folder) => join(folder, program))
    .find(executable);
}

const missing = new Set<string>();

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
