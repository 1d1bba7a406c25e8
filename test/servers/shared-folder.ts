import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = "FAILFAST_TEST_SHARED";

/** Every folder made here is removed at the end of vitest's run, even if a test failed or its worker was killed. */
const place = (): string => process.env[NAME] ?? tmpdir();

/** A new folder, whose name begins with `kind`. */
export const sharedFolder = (kind: string): string => mkdtempSync(join(place(), kind));

const made = new Map<string, string>();

/** A folder that `fill` fills once for all test files of a run, for contents that take seconds to make. */
export function sharedOnce(kind: string, fill: (folder: string) => void): string {
  const known = made.get(kind);
  if (known !== undefined) return known;
  const folder = sharedByRun(kind, fill);
  made.set(kind, folder);
  return folder;
}

function sharedByRun(kind: string, fill: (folder: string) => void): string {
  const whole = join(place(), kind);
  const inRun = process.env[NAME] !== undefined;
  if (inRun && existsSync(whole)) return whole;
  const folder = sharedFolder(`${kind}-`);
  fill(folder);
  if (!inRun) return folder;
  try {
    renameSync(folder, whole);
    return whole;
  } catch {
    // Another worker has made it meanwhile.
    return folder;
  }
}

/** Called by vitest before the first worker starts; what it returns, after the last one. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "failfast-shared-"));
  chmodSync(folder, 0o755);
  process.env[NAME] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
