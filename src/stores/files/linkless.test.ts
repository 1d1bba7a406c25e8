import { link, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileStore } from "../file.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return { ...real, link: vi.fn(real.link) };
});

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "failfast-linkless-"));
});
afterEach(() => rm(dir, { recursive: true }));

test.each(["EPERM", "ENOTSUP", "EXDEV"])(
  "on a file system without hard links (%s), writes say what to do and leave nothing behind",
  async (code) => {
    const refusal = Object.assign(new Error(`${code}: link`), { code });
    vi.mocked(link).mockRejectedValueOnce(refusal);
    const store = fileStore(dir);
    await expect(store.set("k", "v", 60_000)).rejects.toMatchObject({
      message: expect.stringMatching(/takes no hard links \(.*: link\)\. Name a folder on a local disk/),
      code,
      cause: refusal,
    });
    expect(await store.get("k")).toBeNull();
    expect(await readdir(join(dir, "failfast", "drafts"))).toEqual([]);
    await store.set("k", "v", 60_000);
    expect(await store.get("k")).toBe("v");
  },
);
