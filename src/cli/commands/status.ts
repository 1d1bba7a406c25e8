import type { FleetView } from "../../fleet/view.js";
import { isPattern, matching, refuseUnknown, shownWord } from "../choose.js";
import { byUrgency, circuitDetails, circuitTable, isQuiet, summary } from "../circuit-table.js";
import type { Command, Session } from "../command.js";
import { CommandError, EXIT } from "../errors.js";
import { plain } from "../plain-text.js";

/** Which circuits are open in the fleet, why, since when and by whom. */
export const status: Command = {
  summary: "show which circuits are open: why, since when, until when, by whom",
  usage: "[NAME…]",
  details: "A NAME may contain * and ?. If you name one circuit, everything about it is shown.",
  flags: {
    open: {
      type: "boolean",
      help: "only circuits that are not closed, are held, or differ between processes",
    },
    check: { type: "boolean", help: "exit with code 4 if one of them is open" },
  },
  async run({ args, out, address, fleet, store }) {
    const view = await readView(fleet, store, args.words);
    const words = args.words.map(shownWord);
    if (words.length > 0 && store.list === undefined) refuseUnstored(words, view);
    else if (words.length > 0) refuseUnknown(words, view.circuits, "");
    const named = words.length === 0 ? view.circuits : matching(words, view.circuits);
    const chosen = byUrgency(args.given("open") ? named.filter((each) => !isQuiet(each)) : named);
    const code = args.given("check") && chosen.some(({ state }) => state === "open") ? EXIT.open : EXIT.ok;
    if (args.given("json")) {
      out.json({ ...view, circuits: chosen });
      return code;
    }
    const [only] = chosen;
    if (words.length === 1 && chosen.length === 1 && only !== undefined) {
      for (const line of circuitDetails(out, only, view.at)) out.line(line);
      return code;
    }
    out.line(summary(out, address, view));
    if (chosen.length > 0) out.line();
    if (chosen.length > 0) for (const line of circuitTable(out, chosen, view.at)) out.line(line);
    if (view.circuits.length === 0) out.line(nothingThere(view, address));
    return code;
  },
};

/** @throws {CommandError} if the store can't be read. */
export async function readView(
  fleet: Session["fleet"],
  store: Session["store"],
  words: readonly string[],
): Promise<FleetView> {
  if (store.list === undefined && words.length === 0)
    throw new CommandError(
      "this kind of store can't list its circuits: give a name, as in failfast status NAME or failfast hold open NAME --new",
    );
  if (store.list === undefined && words.some(isPattern))
    throw new CommandError(
      "this kind of store can't list its circuits, so * and ? don't work: give whole names",
      EXIT.usage,
    );
  await fleet.ready(words);
  const view = fleet.view();
  if (!view.store.up)
    throw new CommandError(`the store can't be read: ${plain(view.store.error ?? "")}. See failfast doctor`);
  return view;
}

/** @throws {CommandError} a name without a record in a store that can't list and keeps no reports. */
function refuseUnstored(words: readonly string[], { circuits }: FleetView): void {
  const unknown = words.find((word) => matching([word], circuits).length === 0);
  if (unknown !== undefined)
    throw new CommandError(
      `the store has no record of ${JSON.stringify(plain(unknown))}: it has never opened, or the name is misspelt. This kind of store keeps no reports, so nothing else is known`,
      EXIT.unknown,
    );
}

function nothingThere({ processes, reports }: FleetView, address: string): string {
  if (processes.length > 0) return "No circuit has been called yet.";
  const isRight = `${/^file:/i.test(address) ? "Is the folder right? " : ""}Is the prefix right?`;
  return reports
    ? `No circuit has opened, and no process reports. ${isRight} A process reports some seconds after its first call, unless it has report: false or FAILFAST_REPORT=off.`
    : `No circuit has opened. ${isRight} This kind of store keeps no reports, so circuits that never opened can't be seen.`;
}
