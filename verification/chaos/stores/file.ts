import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileStore } from "../../../src/stores/file.js";
import type { As, Site } from "../fleet.js";
import type { Subject } from "../subject.js";

export interface FileSubject extends Subject {
  /** The folder that the processes got, and the folder in it with the fleet's records. */
  readonly folder: string;
  readonly records: string;
  /** A file system of its own, in memory; `undefined` if mounting is not allowed. */
  readonly mount: string | undefined;
}

/** A user who has nothing else running here, so that limits of a user can be used up. */
const NOBODY_ELSE = 64_123;

export async function fileSubject(site: Site): Promise<FileSubject> {
  const place = mkdtempSync(join(site.folder, "file-"));
  const root = process.getuid?.() === 0;
  const as =
    root && [site.worker, join(site.library, "index.js")].every(readable)
      ? { uid: NOBODY_ELSE, gid: NOBODY_ELSE }
      : undefined;
  const mount = root && mounted(place, site) ? place : undefined;
  const folder = join(place, "store");
  mkdirSync(folder, { mode: 0o700 });
  if (as) {
    for (const each of [place, folder]) chownSync(each, as.uid, as.gid);
  }
  return {
    name: "file",
    place: { store: "file", at: folder },
    as,
    pollMs: 0,
    folder,
    records: join(folder, "failfast"),
    mount,
    // Read as the fleet's own user, because nobody else may read it.
    read: (key) =>
      as ? readAs(as, site, folder, key) : Promise.resolve(fileStore(folder).get(key)).then(orNull),
    async stop() {
      if (mount === undefined) return;
      if (spawnSync("umount", [mount], { stdio: "ignore" }).status === 0) site.note("gone", "mount", mount);
    },
  };
}

const orNull = (value: string | null | undefined): string | null => value ?? null;

/** A file system of a megabyte with few files. */
function mounted(place: string, site: Site): boolean {
  const args = ["-t", "tmpfs", "-o", "size=4m,nr_inodes=2000", "none", place];
  if (spawnSync("mount", args, { stdio: "ignore" }).status !== 0) return false;
  site.note("mount", place);
  return true;
}

/** Whether that other user can read the files that a worker is started from. */
function readable(file: string): boolean {
  const script = `require("node:fs").accessSync(${JSON.stringify(file)})`;
  const as = { uid: NOBODY_ELSE, gid: NOBODY_ELSE };
  return spawnSync(process.execPath, ["-e", script], { ...as, stdio: "ignore" }).status === 0;
}

async function readAs(as: As, site: Site, folder: string, key: string): Promise<string | null> {
  const script = `import(${JSON.stringify(`${site.library}/stores/file.js`)}).then(async ({ fileStore }) =>
    process.stdout.write(String(await fileStore(${JSON.stringify(folder)}).get(${JSON.stringify(key)}))))`;
  return execFileSync(process.execPath, ["-e", script], { ...as, encoding: "utf8" });
}
