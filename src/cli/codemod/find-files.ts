import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCE = /\.[cm]?[jt]sx?$/;
const BUILT = /\.min\.[cm]?js$/;
/** Folders with code of others, or of tools. Folders with names that begin with a dot are skipped too. */
const SKIPPED = new Set(["node_modules", "bower_components", "dist", "build", "out", "coverage", "vendor"]);

/**
 * The JavaScript and TypeScript files under the paths, sorted. A path of a single file is always included.
 *
 * @throws {Error} a path that does not exist.
 */
export function* findFiles(paths: readonly string[]): Generator<string> {
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw new Error(`no such file or folder: ${path}`);
    if (found.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

function* filesIn(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !isSkipped(entry)) yield* filesIn(path);
    else if (entry.isFile() && SOURCE.test(entry.name) && !BUILT.test(entry.name)) yield path;
  }
}

const isSkipped = ({ name }: Dirent): boolean => name.startsWith(".") || SKIPPED.has(name);
