// Four processes and a real backend that hangs, without failfast and with it. Every number is measured in the run.
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { endAll, watchDeaths } from "./children.mjs";
import { servePage } from "./page.mjs";
import { freshPlace } from "./store.mjs";
import { tell } from "./story.mjs";
import { red } from "./terminal.mjs";

const USAGE =
  "Usage: node examples/demo/demo.mjs [--store file:DIR | --store redis://HOST:PORT | any other URL of a store] [--fast] [--dashboard] [--record FILE]";
const CLEAN_UP_MS = 2_000;

let remove = () => {};
let interrupt;
const interrupted = new Promise((_, reject) => {
  interrupt = (why, code = 1) => reject(Object.assign(new Error(why), { code }));
});
interrupted.catch(() => {});
watchDeaths(interrupt);
for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
  process.once(signal, () => interrupt(`Interrupted by ${signal}.`, 128 + number));
}
process.stdout.on("error", () => interrupt("Nobody reads the output."));
// Also after an error, where nothing can be awaited.
process.once("exit", () => {
  void endAll();
  remove();
});

process.exitCode = await run();
process.exit();

async function run() {
  try {
    const { values } = options();
    await Promise.race([interrupted, main(values)]);
    return 0;
  } catch (error) {
    console.error(red(`\n${error.message}`));
    return typeof error.code === "number" ? error.code : 1;
  } finally {
    await Promise.race([cleanUp().catch(() => {}), pause(CLEAN_UP_MS)]);
  }
}

async function cleanUp() {
  await endAll();
  const removal = remove;
  remove = () => {};
  await removal();
}

async function main({ store, fast, record, dashboard }) {
  const { place, title, remove: removePlace } = await freshPlace(store);
  remove = removePlace;
  const page = dashboard ? await servePage(place) : undefined;
  if (page) console.log(`The page: ${page.url}`);
  const hung = await tell({ place, title, fast });
  if (record !== undefined) writeFileSync(record, JSON.stringify(hung));
  if (page === undefined) return;
  console.log(`\nThe page stays at ${page.url}. Stop with Ctrl-C.`);
  await new Promise(() => setInterval(() => {}, 2 ** 30));
}

function options() {
  try {
    return parseArgs({
      options: {
        store: { type: "string" },
        fast: { type: "boolean", default: false },
        record: { type: "string" },
        dashboard: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Error(`${error.message}\n${USAGE}`);
  }
}
