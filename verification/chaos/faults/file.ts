import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { requireProgram } from "../../../test/servers/require.js";
import type { FileSubject } from "../stores/file.js";
import type { Fault } from "../subject.js";

const needsMount = ({ mount }: FileSubject): string | undefined =>
  mount === undefined ? "no file system may be mounted here" : undefined;
const needsUser = ({ as }: FileSubject): string | undefined =>
  as === undefined ? "the processes can't run as another user here" : undefined;

/** The files of one record, oldest first. */
const filesOf = ({ records }: FileSubject, key: string): string[] =>
  readdirSync(records)
    .filter((file) => file.startsWith(`${key.replace(":", "%3a")}~`))
    .sort()
    .map((file) => join(records, file));

/** Something else is in place of the folder. */
const replaced = (name: string, put: (folder: string) => void): Fault<FileSubject> => ({
  name,
  inject({ folder, as }) {
    const aside = `${folder}-aside`;
    renameSync(folder, aside);
    put(folder);
    if (as) spawnSync("chown", ["-h", `${as.uid}`, folder]);
    return () => {
      rmSync(folder, { recursive: true, force: true });
      renameSync(aside, folder);
    };
  },
});

const spoilt = (name: string, spoil: (file: string) => void): Fault<FileSubject> => ({
  name,
  inject(subject, { early }) {
    for (const file of filesOf(subject, early)) spoil(file);
    return () => undefined;
  },
});

export const fileFaults: readonly Fault<FileSubject>[] = [
  {
    name: "disk full",
    quick: true,
    unless: needsMount,
    inject({ mount = "" }) {
      const filling = join(mount, "filling");
      const file = openSync(filling, "w");
      const { bfree, bsize } = statfsSync(mount);
      writeSync(file, Buffer.alloc(bfree * bsize));
      closeSync(file);
      return () => rmSync(filling);
    },
  },
  {
    name: "no more files fit on the disk",
    unless: needsMount,
    inject({ mount = "" }) {
      const made: string[] = [];
      try {
        for (let n = 0; ; n++) {
          const file = join(mount, `filling-${n}`);
          writeFileSync(file, "");
          made.push(file);
        }
      } catch {
        // Now.
      }
      return () => {
        for (const file of made) rmSync(file);
      };
    },
  },
  {
    name: "file system read-only",
    quick: true,
    unless: needsMount,
    inject({ mount = "" }) {
      spawnSync("mount", ["-o", "remount,ro", mount]);
      return () => spawnSync("mount", ["-o", "remount,rw", mount]);
    },
  },
  {
    name: "folder removed",
    quick: true,
    loses: true,
    inject({ records }) {
      rmSync(records, { recursive: true, force: true });
      return () => undefined;
    },
  },
  {
    name: "folder removed every 200 ms",
    loses: true,
    inject({ records }) {
      const remove = (): void => rmSync(records, { recursive: true, force: true, maxRetries: 5 });
      const timer = setInterval(remove, 200);
      return () => clearInterval(timer);
    },
  },
  {
    name: "folder may not be written",
    unless: needsUser,
    inject({ records }) {
      for (const each of [records, join(records, "drafts")]) chmodSync(each, 0o500);
      return () => {
        for (const each of [records, join(records, "drafts")]) chmodSync(each, 0o700);
      };
    },
  },
  {
    name: "folder may not be read",
    unless: needsUser,
    inject({ records }) {
      chmodSync(records, 0o000);
      return () => chmodSync(records, 0o700);
    },
  },
  {
    name: "folder belongs to somebody else",
    unless: needsUser,
    inject({ records, as }) {
      chownSync(records, 0, 0);
      return () => chownSync(records, as?.uid ?? 0, as?.gid ?? 0);
    },
  },
  replaced("a symbolic link in place of the folder", (folder) => symlinkSync("/nonexistent", folder)),
  replaced("a file in place of the folder", (folder) => writeFileSync(folder, "")),
  {
    name: "a record's files removed",
    loses: true,
    inject(subject, { early }) {
      for (const file of filesOf(subject, early)) rmSync(file);
      return () => undefined;
    },
  },
  spoilt("a record torn in half", (file) => truncateSync(file, 40)),
  spoilt("a megabyte in place of a record", (file) => writeFileSync(file, "x".repeat(1_000_000))),
  {
    name: "drafts' folder removed",
    inject({ records }) {
      rmSync(join(records, "drafts"), { recursive: true, force: true });
      return () => undefined;
    },
  },
  {
    name: "inotify used up, while a process joins",
    unless: (subject) =>
      needsUser(subject) ??
      (requireProgram("python3") === undefined ? "python3 is not installed" : undefined),
    async inject({ as }, { join: joins }) {
      const hoarder = await useUpInotify(as as object);
      await joins();
      return () => void hoarder.kill("SIGKILL");
    },
  },
];

/** Takes all that this user may have of it, and nothing of other users. */
async function useUpInotify(as: object): Promise<ChildProcess> {
  const script = `
import ctypes, sys
libc = ctypes.CDLL(None)
while libc.inotify_init() >= 0: pass
print("none left", flush=True)
sys.stdin.read()`;
  const hoarder = spawn("python3", ["-c", script], { ...as, stdio: ["pipe", "pipe", "inherit"] });
  await once(hoarder.stdout, "data");
  return hoarder;
}
