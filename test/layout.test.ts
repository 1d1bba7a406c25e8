// The layout of src: no room imports a room above it, and there are no import cycles.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** From the bottom to the top: a room may import the rooms before it. Add a new room here. */
const ROOMS = [
  "runtime",
  "events",
  "errors",
  "options",
  "protocol",
  "policy",
  "sync",
  "stores",
  "breaker",
  "call",
  "report",
  "api",
  "index.ts",
  "fleet",
  "telemetry",
  "clients",
  "frameworks",
  "opossum",
  "testing",
  "dashboard",
  "cli",
];

const source = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(file),
);
const IMPORT = /^(?:import|export)\b[^;"]*?from "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm;
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): string[] {
  const text = readFileSync(source + file, "utf8");
  return [...text.matchAll(IMPORT)].map(([, written, called]) =>
    posix.join(dirname(file), (written ?? called ?? "").replace(/\.js$/, ".ts")),
  );
}

const roomOf = (file: string): string => file.split("/", 1)[0] ?? file;
const levelOf = (file: string): number => ROOMS.indexOf(roomOf(file));

/** Groups of files that import each other in a cycle (Tarjan's algorithm). */
function circles(): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    let low = order.size;
    order.set(file, low);
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (path.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(file, low);
    if (low === order.get(file)) {
      const group = path.splice(path.indexOf(file));
      if (group.length > 1) found.push(group.sort());
    }
    return low;
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found;
}

describe("the layout of src", () => {
  test("every folder has its place among the rooms", () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !ROOMS.includes(room))).toEqual([]);
  });

  test("every import is of a file that is there", () => {
    const missing = [...imports].flatMap(([file, targets]) =>
      targets.filter((target) => !imports.has(target)).map((target) => `${file} > ${target}`),
    );
    expect(missing).toEqual([]);
  });

  test("no room imports a room above it", () => {
    const upwards = [...imports].flatMap(([file, targets]) =>
      targets.filter((target) => levelOf(target) > levelOf(file)).map((target) => `${file} > ${target}`),
    );
    expect(upwards.sort()).toEqual([]);
  });

  test("the reducer imports nothing from the breaker around it", () => {
    const reducer = [...imports].filter(([file]) => file.startsWith("breaker/reducer/"));
    const outwards = reducer.flatMap(([file, targets]) =>
      targets.filter((target) => /^breaker\/[^/]+$/.test(target)).map((target) => `${file} > ${target}`),
    );
    expect(reducer).not.toEqual([]);
    expect(outwards).toEqual([]);
  });

  test("no files import each other in a circle", () => {
    expect(circles()).toEqual([]);
  });
});
