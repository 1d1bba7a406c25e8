// This version beside what each release stored: it reads and obeys that as the release did, and the release can read
// what is stored now. README.md says how a release is kept.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../../src/index.js";
import { appendAudit, readAudit } from "../../src/report/audit.js";
import { reader as newest } from "./reader.js";
import { join, type Story, tell } from "./story.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const releases = readdirSync(here).filter((name) => /^\d/.test(name));

type Reader = typeof newest;

const decoded = (reader: Reader, key: string, text: string, at: number): object | undefined =>
  key.startsWith("hold:") ? reader.decodeHold(text, at) : reader.decodeCircuit(text, at);

for (const release of releases) {
  const story: Story = JSON.parse(readFileSync(`${here}${release}/stored.json`, "utf8"));
  const kept = async (): Promise<Reader> =>
    (await import(new URL(`./${release}/reader.js`, import.meta.url).href)).reader;

  /** A record that is stored now means the same to a process of that release, as far as it knows the fields. */
  const expectRead = async (key: string, text: string, at: number): Promise<void> => {
    const there = decoded(await kept(), key, text, at);
    expect(there, `${release} reads ${text}`).toBeDefined();
    expect(decoded(newest, key, text, at)).toMatchObject(there ?? {});
  };

  describe(`beside ${release}`, () => {
    test.each(story.chapters)("a circuit $what is seen and obeyed as by that release", async (chapter) => {
      const { seen, left } = await join(chapter);
      expect(seen).toEqual(chapter.seen);
      for (const records of left)
        for (const [key, text] of Object.entries(records)) await expectRead(key, text, chapter.at);
    });

    test("every kind of record is written so that the release reads it, under the same key", async () => {
      const { chapters } = await tell();
      expect(chapters.map(({ what }) => what)).toEqual(
        expect.arrayContaining(story.chapters.map(({ what }) => what)),
      );
      const { encodeName } = await kept();
      for (const { what, name, stored, at } of chapters) {
        const keys = story.chapters.find((each) => each.what === what)?.stored ?? stored;
        expect(Object.keys(stored)).toEqual(Object.keys(keys));
        for (const [key, text] of Object.entries(stored)) {
          expect(key.slice(key.indexOf(":") + 1)).toBe(encodeName(name));
          await expectRead(key, text, at);
        }
      }
    });

    test("reports are read in both directions", async () => {
      const there = await kept();
      for (const text of [story.report, (await tell()).report]) {
        const report = there.decodeReport(text);
        expect(report?.circuits).toHaveLength(2);
        expect(newest.decodeReport(text)).toMatchObject(report ?? {});
      }
    });

    test("the trail is read and continued, in both directions", async () => {
      const there = await kept();
      const place = memoryStore();
      await place.set("audit", story.trail, 60_000);
      const entry = { at: 1, circuit: "x", by: "ann", reason: undefined, until: undefined };
      await appendAudit(place, { ...entry, verb: "trip" });
      const trail = await readAudit(place);
      expect(trail.map(({ verb, by }) => `${verb} ${by}`)).toEqual([
        "trip ann",
        "reset carol",
        "release bob",
        "hold alice",
      ]);
      expect(trail[1]).toMatchObject({ circuit: "sales_api", others: ["mail"] });
      expect(there.entriesIn((await place.get("audit")) ?? null)).toEqual(trail);
    });
  });
}

test("there is a release to compare with", () => {
  expect(releases).toContain("0.2.0");
});
