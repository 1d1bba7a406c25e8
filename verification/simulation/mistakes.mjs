// Deliberate mistakes, made in a copy of the built library: the simulation has to find each one.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OF_CALLS } from "./mistakes/calls.mjs";
import { OF_THE_CIRCUIT } from "./mistakes/circuit.mjs";
import { OF_THE_FLEET } from "./mistakes/fleet.mjs";

const BUILD = fileURLToPath(new URL("../../build", import.meta.url));

/**
 * Each is a `text` in a `file` of the build, and what stands there `instead`. `where`: the plans in which it could show.
 * `plain`: those of busy fleets of well-behaved callers alone.
 */
export const MISTAKES = [...OF_THE_CIRCUIT, ...OF_THE_FLEET, ...OF_CALLS];

/**
 * The source of its file, in which its text stands once.
 *
 * @throws {Error} the library no longer has that text, or has it more than once.
 */
export function sourceOf({ mistake, file, text }) {
  const source = readFileSync(join(BUILD, file), "utf8");
  const times = source.split(text).length - 1;
  if (times !== 1) throw new Error(`"${mistake}": what it replaces is ${times} times in ${file}`);
  return source;
}

/** A copy of the library with one mistake in it. */
export function makeMistake(its) {
  const source = sourceOf(its);
  const folder = mkdtempSync(join(tmpdir(), "failfast-mistake-"));
  cpSync(BUILD, folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(folder, its.file),
    source.replace(its.text, () => its.instead),
  );
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
