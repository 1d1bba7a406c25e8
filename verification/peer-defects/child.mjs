// All cases on one library, in a process of their own: node verification/peer-defects/child.mjs LIBRARY
import { CASES } from "./cases.mjs";
import { load } from "./libraries.mjs";
import { Failed, NotOffered, ownedTime } from "./world.mjs";

const library = await load(process.argv[2]);
let unhandled = [];
process.on("unhandledRejection", (error) => unhandled.push(error));
process.on("uncaughtException", (error) => unhandled.push(error));
process.on("warning", () => {});
process.removeAllListeners("warning");

/** One case, once: `{ end: "pass" | "fail" | "not offered", note }`. */
async function attempt(each, setting) {
  unhandled = [];
  const time = each.real ? undefined : ownedTime();
  try {
    const note = await each.run({
      time,
      library,
      configured: setting !== undefined,
      make: (wanted) => library.make(time, { ...setting, ...wanted }),
      fleet: (wanted) => {
        if (library.fleet === undefined) throw new NotOffered("shares nothing");
        return library.fleet(time, wanted);
      },
    });
    if (time) await time.pass(100);
    await new Promise(setImmediate);
    if (unhandled.length > 0)
      return { end: "fail", note: `unhandled: ${unhandled[0]?.message ?? unhandled[0]}` };
    return { end: "pass", note };
  } catch (error) {
    if (error instanceof NotOffered) return { end: "not offered", note: error.message };
    if (error instanceof Failed) return { end: "fail", note: error.message };
    throw new Error(`the case "${each.name}" broke`, { cause: error });
  } finally {
    time?.restore();
  }
}

const results = {};
let done = false;
let current = "";
process.on("exit", () => {
  if (!done) console.error(`it hangs in the case "${current}"`);
});
async function all() {
  for (const [about, cases] of Object.entries(CASES)) {
    for (const each of cases) {
      current = each.name;
      let result = await attempt(each);
      const setting = library.settings[each.setting];
      if (result.end === "fail" && setting !== undefined) {
        const { is, ...options } = setting;
        const set = await attempt(each, options);
        if (set.end === "pass")
          result = { end: "with a setting", note: `passes with ${is}; by default ${result.note}` };
      }
      results[`${about}: ${each.name}`] = result;
    }
  }
}
try {
  await all();
  done = true;
  process.send({ version: library.version, results }, () => process.exit());
} catch (error) {
  console.error(error);
  process.exit(1);
}
