import type { FleetView } from "../../fleet/view.js";
import { disagreeing } from "../circuit-table.js";
import type { Command } from "../command.js";
import { EXIT } from "../errors.js";
import { examine } from "../examine.js";
import type { Finding } from "../finding.js";
import { plain } from "../plain-text.js";
import type { Colour } from "../terminal.js";

const MARKS: Readonly<Record<Finding["verdict"], readonly [string, Colour]>> = {
  ok: ["ok", "green"],
  warning: ["warning", "yellow"],
  failed: ["failed", "red"],
};

/** Tests whether the store can do what a fleet needs, and says what to do if it can't. */
export const doctor: Command = {
  summary: "test the store and look at the fleet, and say what to fix",
  usage: "",
  details:
    "It tests reads and writes, the round trip, expiry, compare-and-swap, list, push and the clock.\nFor that it writes some keys that no circuit uses, and removes them.",
  flags: {},
  async run({ args, out, store, fleet, address }) {
    const findings: Finding[] = [];
    const tell = (found: Finding): void => {
      findings.push(found);
      if (args.given("json")) return;
      const [mark, colour] = MARKS[found.verdict];
      out.line(`${out.paint(mark.padEnd(8), colour)} ${found.what.padEnd(19)} ${plain(found.seen)}`);
      if (found.mend !== undefined) out.line(`${" ".repeat(29)}${found.mend}`);
    };
    if (!args.given("json")) out.line(out.paint(plain(address), "bold"));
    for await (const found of examine(store)) tell(found);
    if (store.list !== undefined && !findings.some(({ verdict }) => verdict === "failed")) {
      await fleet.ready();
      for (const found of ofFleet(fleet.view())) tell(found);
    }
    if (args.given("json")) out.json(findings);
    return findings.some(({ verdict }) => verdict === "failed") ? EXIT.failed : EXIT.ok;
  },
};

/** What the fleet's own reports show. */
function* ofFleet({ processes, circuits, reports }: FleetView): Generator<Finding> {
  // It was already said with the methods.
  if (!reports) return;
  const count = (what: string, of: number): string => `${of} ${what}${of === 1 ? "" : "s"}`;
  if (processes.length === 0) {
    yield {
      what: "processes",
      verdict: "warning",
      seen: "no process reports",
      mend: "is the prefix right? A process reports some seconds after its first call, unless it has report: false",
    };
    return;
  }
  const versions = [...new Set(processes.map(({ version }) => version))].sort();
  const services = [...new Set(processes.flatMap(({ service }) => service ?? []))].sort();
  yield {
    what: "processes",
    verdict: "ok",
    seen: `${processes.length}, with ${count("circuit", circuits.length)}`,
  };
  if (versions.length > 1)
    yield {
      what: "versions",
      verdict: "warning",
      seen: versions.join(", "),
      mend: "this is normal during an upgrade: see docs/operations",
    };
  if (services.length > 1)
    yield {
      what: "services",
      verdict: "warning",
      seen: services.join(", "),
      mend: "they share a prefix, and so every circuit that has the same name in two of them: give each service its own prefix",
    };
  const cutOff = processes.filter(({ storeUp }) => !storeUp);
  if (cutOff.length > 0)
    yield {
      what: "cut off",
      verdict: "warning",
      seen: `${count("process", cutOff.length)} without the store: ${cutOff.map(({ id }) => id).join(", ")}`,
      mend: "they use what they know. Check the network of those hosts",
    };
  const differing = circuits.filter((circuit) => circuit.differing.length > 0);
  if (differing.length > 0)
    yield {
      what: "settings",
      verdict: "warning",
      seen: differing
        .slice(0, 5)
        .map(({ name, differing: options }) => `${name}: ${options.join(", ")}`)
        .join("; "),
      mend: "processes have different settings for one circuit: two services under one prefix, or an upgrade. See failfast status NAME",
    };
  const odd = circuits.filter((circuit) => disagreeing(circuit) > 0);
  if (odd.length > 0)
    yield {
      what: "disagreement",
      verdict: "warning",
      seen: odd
        .slice(0, 5)
        .map(({ name, processes: all }) => `${name}: ${all.find(({ disagrees }) => disagrees)?.disagrees}`)
        .join("; "),
      mend: "failfast status NAME shows each process",
    };
}
