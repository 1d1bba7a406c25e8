import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = "FAILFAST_TEST_SHARED";

/**
 * A folder for what a test process makes once and all its tests use. It goes when the run of vitest ends: its workers
 * are ended from outside, and would leave it.
 */
export const sharedFolder = (kind: string): string => mkdtempSync(join(process.env[NAME] ?? tmpdir(), kind));

/** Called by vitest before the first worker starts; what it returns, after the last one. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "failfast-shared-"));
  chmodSync(folder, 0o755);
  process.env[NAME] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
