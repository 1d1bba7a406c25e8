import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { unpack } from "../../package/pack.mjs";
import { packed } from "../packed.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** The version number of the copy. */
const OTHER = "0.0.9";

/** The package as its users get it, in a folder of its own. */
export interface Packed {
  readonly folder: string;
  readonly version: string;
  remove(): void;
}

/**
 * Installs the tarball of a release that `FAILFAST_COMPAT` names. By default: this version, packed, under another
 * version number.
 */
export function installPacked(tarball = process.env["FAILFAST_COMPAT"]): Packed {
  const project = mkdtempSync(join(tmpdir(), "failfast-compat-"));
  const folder = join(project, "node_modules/failfast");
  const remove = (): void => rmSync(project, { recursive: true, force: true });
  try {
    unpack(tarball === undefined ? packed() : resolve(tarball), folder);
    // The clients of its stores.
    for (const name of ["ioredis", "pg", "redis"])
      symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
    if (tarball === undefined) renumber(folder);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { folder, version, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Replaces the version in all its files. */
function renumber(folder: string): void {
  const manifest = join(folder, "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  const files = readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" });
  for (const file of [
    manifest,
    ...files.filter((name) => name.endsWith(".js")).map((name) => join(folder, "dist", name)),
  ]) {
    const text = readFileSync(file, "utf8");
    if (text.includes(`"${version}"`)) writeFileSync(file, text.replaceAll(`"${version}"`, `"${OTHER}"`));
  }
}
