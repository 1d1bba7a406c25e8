// The file store with many records of the day.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const RECORDS = 10_000;
const ROUNDS = 20;

export async function filesStudy(library) {
  const { fileStore } = await library.load("stores/file.js");
  const folder = mkdtempSync(join(tmpdir(), "failfast-bench-"));
  const rows = [];
  try {
    // Each in its own folder, because each write of a record lists the folder.
    const { openFolder } = await import("../../build/stores/files/folder.js");
    const { encodeRecord } = await import("../../build/stores/files/record.js");
    const records = openFolder(folder, "failfast");
    await records.ensure();
    const expires = Date.now() + 86_400_000;
    for (let n = 0; n < RECORDS; n++) {
      const value = JSON.stringify({
        v: 1,
        revision: n + 1,
        nonce: `n${n}`,
        state: "closed",
        by: "h",
        at: 1,
      });
      await records.write(`circuit%3a${n}~1`, encodeRecord({ key: `circuit:${n}`, value, expires }));
    }
    const store = fileStore(folder);
    let cursor;
    const list = async () => {
      const loop = performance.eventLoopUtilization();
      const began = performance.now();
      const listed = cursor === undefined ? await store.list("") : await store.list("", cursor);
      cursor = listed.cursor;
      const entries = [...(Symbol.iterator in listed ? listed : listed.entries)].length;
      return [entries, performance.now() - began, performance.eventLoopUtilization(loop).active];
    };
    const median = async (what, before = () => undefined) => {
      const taken = [];
      for (let round = 0; round < ROUNDS; round++) {
        await before(round);
        taken.push(await list());
      }
      const [entries, ms, busy] = taken.sort((a, b) => a[1] - b[1])[ROUNDS / 2];
      rows.push([what, entries, ms.toFixed(1), busy.toFixed(1)]);
    };
    const [entries, ms, busy] = await list();
    rows.push(["first", entries, ms.toFixed(0), busy.toFixed(0)]);
    await new Promise((done) => setTimeout(done, 200));
    await list();
    await median("nothing changed");
    await median("one changed", (round) => store.set("circuit:7", `${round}`, 60_000));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    title: `fileStore with ${RECORDS} records`,
    text: "One list, as a poll asks for it; the median of 20.",
    columns: ["list", "entries", "ms", "event loop, ms"],
    rows,
  };
}
