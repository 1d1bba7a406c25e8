import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCE = /\.[cm]?[jt]sx?$/;
const BUILT = /\.min\.[cm]?js$/;
/** What others wrote, or a tool. Folders whose names begin with a dot too. */
const SKIPPED = new Set(["node_modules", "bower_components", "dist", "build", "out", "coverage", "vendor"]);

/**
 * The files of JavaScript and TypeScript under the paths, in order; a file that is named is always one of them.
 *
 * @throws {Error} a path is not there.
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
