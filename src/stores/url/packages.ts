import { builtin } from "../../runtime/platform.js";
import { MissingPackageError } from "./errors.js";

/** Anything that a package exports. */
export type Exports = Record<string, unknown>;

/**
 * The first of some packages that is installed, with its name.
 *
 * @throws {MissingPackageError} if none is installed.
 */
export async function firstOf(scheme: string, names: readonly string[]): Promise<readonly [string, Exports]> {
  for (const name of names) {
    const found = await load(name);
    if (found !== undefined) return [name, found];
  }
  throw new MissingPackageError(scheme, names);
}

/** A package, or several that are used together; `undefined` if one isn't installed. */
export async function load(names: string): Promise<Exports | undefined> {
  const found: Exports = {};
  for (const name of names.split(" ")) {
    const exported = (await imported(name)) ?? required(name);
    if (exported === undefined) return undefined;
    // All exports of CommonJS are under its default, and some of them by name too.
    const under = exported["default"];
    if (typeof under === "object" || typeof under === "function")
      Object.assign(found, { ...under, default: under });
    Object.assign(found, exported);
  }
  return found;
}

async function imported(name: string): Promise<Exports | undefined> {
  try {
    return (await import(name)) as Exports;
  } catch (error) {
    if (isAbsent(error, name)) return undefined;
    throw error;
  }
}

/** Resolved from the running program, because this package may be a link to another place. */
function required(name: string): Exports | undefined {
  const module = builtin<typeof import("node:module")>("node:module");
  try {
    const found: unknown = module?.createRequire(`${process.cwd()}/`)(name);
    return found === undefined ? undefined : ({ default: found } as Exports);
  } catch (error) {
    if (isAbsent(error, name)) return undefined;
    throw error;
  }
}

/** This package itself is missing, and not one that it needs. */
function isAbsent(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return missing && new RegExp(`(package|module) '?"?${name}['"]`).test(String(message));
}
