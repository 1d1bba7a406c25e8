import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sharedFolder } from "../shared-folder.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A project with failfast, linked from where it was built, and some clients. */
export interface Project {
  readonly folder: string;
  readonly script: string;
  remove(): void;
}

export function project(...packages: readonly string[]): Project {
  const folder = mkdtempSync(join(tmpdir(), "failfast-project-"));
  const modules = join(folder, "node_modules");
  const link = (name: string, to: string): void => {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(to, join(modules, name));
  };
  link("failfast", built());
  for (const name of packages) link(name, join(root, "node_modules", name));
  const script = join(folder, "program.mjs");
  writeFileSync(script, PROGRAM);
  return { folder, script, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

let copy: string | undefined;

/** A copy of the built library, in a place from which no client can be found. */
function built(): string {
  if (copy !== undefined) return copy;
  const folder = sharedFolder("built-");
  for (const part of ["package.json", "dist"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  copy = folder;
  return folder;
}

/** Trips a circuit and ends: silently, or after close() if told so. */
const PROGRAM = `
import { createFailfast } from "failfast";
import { storeFrom } from "failfast/url";

try {
  const store = await storeFrom();
  await store.migrate();
  const failfast = createFailfast({ store });
  const { stored } = await failfast("sales_api", 60).trip();
  console.log(JSON.stringify({ stored, value: await store.get("circuit:sales_api") }));
  if (process.argv.includes("close")) {
    await failfast.close();
    await store.close();
  }
} catch ({ code, message, packages }) {
  console.log(JSON.stringify({ code, message, packages }));
}
`;
