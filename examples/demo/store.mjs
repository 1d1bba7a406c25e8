// The store the workers share: a place of its own for each run, removed when the run ends.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { storeFrom } from "failfast/url";

const POLLS = ["get", "list", "watch"];
const ANSWERS_MS = 2_000;
/** What the demo leaves in a store that can't list. */
const KEYS = ["circuit:backend", "hold:backend"];

/**
 * A fresh place from what `--store` or FAILFAST_STORE says. `remove` is synchronous for a folder, so that it also
 * works on the way out.
 *
 * @throws where that can't be, with a sentence for the user.
 */
export async function freshPlace(wanted = process.env.FAILFAST_STORE) {
  if (!wanted) return folderIn(tmpdir(), undefined);
  if (/^file:./.test(wanted)) {
    const parent = resolve(wanted.slice("file:".length).replace(/^\/\/(?=\/)/, ""));
    return folderIn(parent, mkdirSync(parent, { recursive: true }));
  }
  if (/^memory:/.test(wanted)) throw new Error("memory: is one process's alone, and the demo has four.");
  const [address, query] = wanted.split("?");
  const options = new URLSearchParams(query);
  options.set("prefix", `failfast-demo-${process.pid}-${Date.now()}`);
  const url = `${address}?${options}`;
  const store = await storeFrom(url);
  const [scheme] = wanted.split(":", 1);
  try {
    await answer(store.migrate());
    await answer(store.get(KEYS[0]));
  } catch (error) {
    throw new Error(`No store could be reached at ${scheme}: ${error.message || error.code || error.name}.`);
  }
  return {
    place: { url, polls: store.watch === undefined },
    title: `a store at ${scheme}:`,
    async remove() {
      const listed = store.list ? (await listAll(store)).map(({ key }) => key) : KEYS;
      for (const key of listed) await store.delete(key);
      await store.close();
    },
  };
}

function folderIn(parent, made) {
  const folder = mkdtempSync(join(parent, "failfast-demo-"));
  return {
    place: { url: `file:${encodeURIComponent(folder)}`, polls: false },
    title: `the folder ${folder}`,
    // It tries again while a process that was just killed still writes there.
    remove: () => rmSync(made ?? folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

function answer(promise) {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${ANSWERS_MS} ms`));
    setTimeout(late, ANSWERS_MS).unref();
    Promise.resolve(promise).then(resolve, reject);
  });
}

/** The store at a place, with its operations counted by verb; polls apart, for they don't depend on the calls. */
export async function openStore({ url }) {
  const store = await storeFrom(url);
  const operations = { polls: 0, others: 0 };
  const counted = {};
  for (const verb of ["get", "set", "delete", "swap", "list", "watch"]) {
    if (store[verb] === undefined) continue;
    counted[verb] = (...args) => {
      operations[POLLS.includes(verb) ? "polls" : "others"]++;
      return store[verb](...args);
    };
  }
  // What the processes report is apart from what calls cost.
  if (store.sibling !== undefined) counted.sibling = store.sibling;
  return { store: counted, operations, end: () => store.close() };
}

/** Every entry that a list gives, in whichever form it answers. */
async function listAll(store) {
  const answer = await store.list("");
  return [...(Symbol.iterator in answer ? answer : answer.entries)];
}
