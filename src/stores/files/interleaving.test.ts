import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runs } from "../../protocol/runs.fixture.js";
import type { Files, Folder } from "./folder.js";
import { append, readOne } from "./log.js";
import { decodeRecord } from "./record.js";
import { sweep } from "./sweep.js";

// The shipped code on a folder in memory, where every access waits for its turn and chance says whose it is:
// any process may be paused anywhere, while others write and sweep, minutes pass, and the key starts anew.

const SEEDS = runs(1_500).numRuns;
const TURNS = 1_000;
const KEY = "k";

/** A number from 0 to below that; the same ones for the same seed (mulberry32). */
function chanceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
type Chance = ReturnType<typeof chanceOf>;

const oneOf = (chance: Chance, numbers: readonly number[]): number => numbers[chance(numbers.length)] ?? 0;

/** Accesses that wait for their turn; every tenth is paused for long. */
function turnsOf(chance: Chance) {
  const waiting: { readonly ready: number; readonly go: () => void }[] = [];
  let taken = 0;
  return {
    wait: (): Promise<void> =>
      new Promise((go) => {
        waiting.push({ ready: taken + (chance(10) === 0 ? chance(300) : 0), go });
      }),
    async take(): Promise<void> {
      taken++;
      const ready = waiting.filter((each) => each.ready <= taken);
      const next = ready[chance(ready.length || 1)];
      if (next === undefined) return;
      waiting.splice(waiting.indexOf(next), 1);
      next.go();
      await new Promise(setImmediate);
    },
    taken: () => taken,
  };
}
type Turns = ReturnType<typeof turnsOf>;

interface File {
  readonly text: string;
  /** Its place in the folder: files are listed in no order of their names. */
  readonly at: number;
  readonly changed: number;
}

type Contents = Map<string, File>;
interface Disk {
  readonly files: Contents;
  readonly drafts: Contents;
}

/** One process's access to the files; `onLink` is called in the moment in which a number is taken. */
function folderOf(
  disk: Disk,
  turns: Turns,
  chance: Chance,
  onLink: (text: string) => void = () => {},
): Folder {
  const put = (contents: Contents, name: string, text: string): void => {
    contents.set(name, { text, at: chance(2 ** 31), changed: Date.now() });
  };
  const filesIn = (contents: Contents): Files => ({
    async list() {
      // In two parts, as a system lists a big folder: what comes or goes between them is seen or isn't.
      const salt = chance(32);
      const listed: string[] = [];
      for (const part of [0, 1]) {
        await turns.wait();
        listed.push(...[...contents].flatMap(([file, { at }]) => (isIn(part, salt, at) ? [file] : [])));
      }
      return listed;
    },
    async has(file) {
      await turns.wait();
      return contents.has(file);
    },
    async read(file) {
      await turns.wait();
      return contents.get(file)?.text;
    },
    async write(file, text) {
      await turns.wait();
      put(contents, file, text);
      return true;
    },
    async remove(file) {
      await turns.wait();
      contents.delete(file);
    },
    async age(file) {
      await turns.wait();
      const found = contents.get(file);
      return found && Date.now() - found.changed;
    },
  });
  return {
    ...filesIn(disk.files),
    path: "in memory",
    drafts: filesIn(disk.drafts),
    async ensure() {},
    async link(draft, file) {
      await turns.wait();
      const found = disk.drafts.get(draft);
      if (found === undefined || disk.files.has(file)) return false;
      put(disk.files, file, found.text);
      onLink(found.text);
      return true;
    },
    async touch() {},
    changedAt: async () => undefined,
  };
}

/** The one half of the files or the other, which salt and part say. */
const isIn = (part: number, salt: number, at: number): boolean =>
  ((Math.imul(at, 0x9e3779b1) >>> salt) & 1) === part;

/** What is stored, by the moments in which numbers were taken, and what was found to be otherwise. */
interface Truth {
  readonly history: { readonly value: string | null; readonly expires: number }[];
  readonly broken: string[];
}

async function write(
  open: (onLink: (text: string) => void) => Folder,
  chance: Chance,
  truth: Truth,
  name: string,
  goOn: () => boolean,
): Promise<void> {
  let expected: string | null = null;
  let linked = false;
  const folder = open((text) => {
    linked = true;
    const { value = null, expires = 0 } = truth.history.at(-1) ?? {};
    const stored = expires > Date.now() ? value : null;
    // What is expected may expire on the way, which is no other's write.
    if (expected !== stored && expected !== value) {
      truth.broken.push(`${name} expected ${expected} and replaced ${stored}`);
    }
    const record = decodeRecord(text);
    truth.history.push(record?.expires ? record : { value: null, expires: 0 });
  });
  for (let count = 0; goOn(); count++) {
    const before = truth.history.length;
    expected = await readOne(folder, KEY);
    const since = truth.history.slice(before - 1).map(({ value }) => value);
    if (expected !== null && !since.includes(expected)) {
      truth.broken.push(`${name} read ${expected} where ${since} was`);
    }
    linked = false;
    const record =
      expected !== null && chance(4) === 0
        ? { key: KEY, value: "", expires: 0 }
        : { key: KEY, value: `${name}${count}`, expires: Date.now() + oneOf(chance, [10, 1_000, 9e9]) };
    const { ok } = await append(folder, record, (stored) => stored === expected);
    if (ok !== linked) truth.broken.push(`${name} was told ${ok} where ${linked} was so`);
  }
}

async function sweepAgain(folder: Folder, goOn: () => boolean): Promise<void> {
  while (goOn()) await sweep(folder);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("each write replaces what its writer expected, and the writer knows it, whichever process pauses where", async () => {
  let written = 0;
  let removed = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const chance = chanceOf(seed);
    vi.setSystemTime(1_800_000_000_000 + chance(60_000));
    const disk = { files: new Map<string, File>(), drafts: new Map<string, File>() };
    const turns = turnsOf(chance);
    const truth: Truth = { history: [{ value: null, expires: 0 }], broken: [] };
    const goOn = (): boolean => turns.taken() < TURNS;
    const open = (onLink?: (text: string) => void): Folder => folderOf(disk, turns, chance, onLink);

    let running = 6;
    const run = async (work: Promise<void>): Promise<void> => {
      await work;
      running--;
    };
    const all = [
      ...Array.from("abcd", (name) => run(write(open, chance, truth, name, goOn))),
      ...Array.from("12", () => run(sweepAgain(open(), goOn))),
    ];
    while (running > 0) {
      await turns.take();
      const passes = chance(3) === 0 ? 1 : 0;
      vi.setSystemTime(
        Date.now() + (chance(20) === 0 ? oneOf(chance, [500, 20_000, 61_000, 130_000]) : passes),
      );
    }
    await Promise.all(all);
    expect(truth.broken, `seed ${seed}`).toEqual([]);
    written += truth.history.length - 1;
    removed += truth.history.length - 1 - disk.files.size;
  }
  // That much happens here, or it says nothing.
  expect(written).toBeGreaterThan(SEEDS * 10);
  expect(removed).toBeGreaterThan(SEEDS * 5);
}, 60_000);
