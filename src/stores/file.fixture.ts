import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

const folders: string[] = [];
/** The folder of the test. */
export let dir: string;

/** Each test of the file gets a new folder. */
export function useNewFolders(): void {
  beforeEach(() => {
    dir = newFolder();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "failfast-file-"));
  folders.push(folder);
  return folder;
}

/** The files in the folder of the fleet "failfast". */
export const files = (): Promise<string[]> => readdir(join(dir, "failfast"));
/** Files that are being written. */
export const drafts = (): Promise<string[]> => readdir(join(dir, "failfast", "drafts"));

export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it took too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The clock moves, and the files keep their times. */
export function later(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: now + ms });
}
