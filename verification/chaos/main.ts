import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Fleet, type Site } from "./fleet.js";
import { CHAOS, type Plan } from "./plan.js";
import { processFaults } from "./processes.js";
import { checkFaults } from "./recovery-checks.js";
import { markdown } from "./report.js";
import { round, type Timing } from "./round.js";
import type { Subject } from "./subject.js";
import { line, passed, slacken, type Verdict } from "./verdict.js";

const HELP = `usage: npm run chaos -- [options]
  --store NAME      only this store, of ${CHAOS.map(({ store }) => store).join(", ")}; may be repeated
  --fault TEXT      only faults with this in their name; may be repeated
  --quick           a few faults of each store, briefly
  --processes N     4 to 16 (8; 4 with --quick)
  --rate N          calls per second, of all processes together (1000)
  --seconds N       how long a fault lasts (2; 1 with --quick)
  --slack N         times so long may what is measured take (1; 5 with --quick, for busy machines)
  --at-once N       how many stores at a time, each with a fleet of its own (2)
  --library DIR     another build of the library
  --json FILE       all figures
  --report FILE     the table, as Markdown
  --list            says what there is, and does nothing`;

/** Runs what the command line asks for, and returns the exit code. It is bundled into a folder one level deeper. */
export async function main(given: Omit<Site, "library">): Promise<number> {
  const { values } = parseArgs({
    options: {
      store: { type: "string", multiple: true },
      fault: { type: "string", multiple: true },
      quick: { type: "boolean", default: false },
      processes: { type: "string" },
      rate: { type: "string", default: "1000" },
      seconds: { type: "string" },
      slack: { type: "string" },
      "at-once": { type: "string", default: "2" },
      library: { type: "string", default: fileURLToPath(new URL("../../../dist", import.meta.url)) },
      json: { type: "string" },
      report: { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { quick } = values;
  const site: Site = { ...given, library: values.library };
  const size = Number(values.processes ?? (quick ? 4 : 8));
  const timing: Timing = {
    rate: Number(values.rate),
    baselineMs: quick ? 200 : 500,
    faultMs: Number(values.seconds ?? (quick ? 1 : 2)) * 1_000,
  };
  const wanted = ({ name, quick: brief }: { name: string; quick?: boolean }): boolean =>
    (values.fault === undefined || values.fault.some((text) => name.includes(text))) &&
    (!quick || brief === true);
  const plans = CHAOS.filter(({ store }) => values.store?.includes(store) ?? true);
  if (plans.length === 0) throw new Error(`there is no store "${values.store}"\n${HELP}`);
  if (values.list) {
    for (const plan of plans)
      for (const { name } of [...plan.faults, ...everywhere].filter(wanted))
        console.log(`${plan.store.padEnd(10)} ${name}`);
    return 0;
  }

  const began = performance.now();
  const verdicts: Verdict[] = [];
  const slack = Number(values.slack ?? (quick ? 5 : 1));
  const say = (verdict: Verdict): void => {
    verdicts.push(verdict);
    console.log(line(verdict));
  };
  const waiting = [...plans];
  const lane = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift())
      await run(plan, site, size, { ...timing, slack }, quick, wanted, say);
  };
  await Promise.all(Array.from({ length: Number(values["at-once"]) }, lane));

  const tried = verdicts.filter(({ skipped }) => skipped === undefined);
  const failed = tried.filter((verdict) => !passed(verdict));
  const kinds = new Set(tried.map(({ fault }) => fault)).size;
  const seconds = (performance.now() - began) / 1_000;
  const summary = `${kinds} kinds of fault, ${tried.length} rounds on ${new Set(tried.map(({ store }) => store)).size} stores, each with ${size} processes at ${values.rate} calls per second, ${seconds.toFixed(0)} s on ${availableParallelism()} cores`;
  console.log(`\n${summary}`);
  for (const verdict of failed) console.log(line(verdict));
  console.log(
    `${tried.length - failed.length} passed, ${failed.length} failed, ${verdicts.length - tried.length} skipped`,
  );
  if (values.json) writeFileSync(values.json, JSON.stringify({ summary, verdicts }, undefined, 1));
  if (values.report) writeReport(values.report, markdown(summary, verdicts));
  return failed.length === 0 && tried.length > 0 ? 0 : 1;
}

/** Faults of a fleet on any store. */
const everywhere = [...processFaults, ...checkFaults];

const RESULTS = "<!-- The run writes the rest of this page. -->\n";

/** If the page has a place for it, the text before that place is kept. */
function writeReport(file: string, table: string): void {
  const [before] = existsSync(file) ? readFileSync(file, "utf8").split(RESULTS) : [""];
  writeFileSync(file, `${before}${RESULTS}\n${table}`);
}

/** Rounds of one fleet, because a store that can't list is asked for every circuit that its processes ever had. */
const ROUNDS = 8;

/** All the faults of one store. One fleet has several rounds; after a failed round there is a new fleet. */
async function run(
  { store, missing, start, faults }: Plan,
  site: Site,
  size: number,
  timing: Timing & { readonly slack: number },
  quick: boolean,
  wanted: (fault: { name: string; quick?: boolean }) => boolean,
  say: (verdict: Verdict) => void,
): Promise<void> {
  const ours = faults.filter(wanted);
  const theirs = quick && store !== CHAOS[0]?.store ? [] : everywhere.filter(wanted);
  if (ours.length + theirs.length === 0) return;
  const lacks = missing();
  if (lacks !== undefined) {
    say({ store, fault: "all", checks: [], skipped: lacks, seconds: 0 });
    return;
  }
  let subject: Subject | undefined;
  let fleet: Fleet | undefined;
  let rounds = 0;
  const end = async (): Promise<void> => {
    await fleet?.end();
    fleet = undefined;
    await subject?.stop();
    subject = undefined;
  };
  const attempt = async (
    name: string,
    work: (subject: Subject, fleet: Fleet) => Promise<Verdict["checks"]>,
  ) => {
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1_000;
    try {
      subject ??= await start(site);
      if (fleet === undefined) {
        fleet = new Fleet(site, subject.place, subject.as);
        await fleet.start(size);
      }
      const checks = slacken(await work(subject, fleet), timing.slack);
      const verdict = { store, fault: name, checks, seconds: seconds() };
      say(verdict);
      if (!passed(verdict)) await end();
      else if (++rounds % ROUNDS === 0) {
        await fleet.end();
        fleet = undefined;
      }
    } catch (error) {
      say({ store, fault: name, checks: [], error: String(error), seconds: seconds() });
      await end();
    }
  };
  for (const fault of ours) {
    try {
      subject ??= await start(site);
    } catch (error) {
      say({ store, fault: "start", checks: [], error: String(error), seconds: 0 });
      return;
    }
    const lacking = fault.unless?.(subject);
    if (lacking !== undefined) {
      say({ store, fault: fault.name, checks: [], skipped: lacking, seconds: 0 });
      continue;
    }
    const faultMs = quick ? timing.faultMs : Math.max((fault.seconds ?? 0) * 1_000, timing.faultMs);
    await attempt(fault.name, (on, by) => round(on, by, fault, { ...timing, faultMs }));
  }
  for (const fault of theirs) {
    const lacking = fault.unless?.(store);
    if (lacking === undefined) await attempt(fault.name, (on, by) => fault.run(on, by, timing));
    else say({ store, fault: fault.name, checks: [], skipped: lacking, seconds: 0 });
  }
  await end();
}
