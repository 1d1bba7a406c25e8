import type { Command } from "../command.js";
import { CommandError, EXIT } from "../errors.js";
import type { Cell } from "../terminal.js";
import { formatSpan } from "../times.js";

const SHOWN = 20;

/** Who did what and when. */
export const events: Command = {
  summary: "list what operators did, who, when and why; the newest first",
  usage: "",
  flags: {
    limit: { type: "string", short: "n", takes: "N", help: `how many; default: ${SHOWN}, at most 200` },
  },
  async run({ args, out, fleet, store }) {
    const limit = Number(args.text("limit") ?? SHOWN);
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new CommandError("--limit needs a whole number, at least 1", EXIT.usage);
    if (store.sibling === undefined)
      throw new CommandError("this kind of store keeps no audit trail of what operators do");
    const trail = await fleet.events(limit).catch((error: unknown) => {
      throw new CommandError(
        `the audit trail can't be read: ${(error as Error).message}. See failfast doctor`,
      );
    });
    if (args.given("json")) {
      out.json(trail);
      return EXIT.ok;
    }
    const rows = trail.map(
      ({ at, verb, holds, circuit, by, reason = "", until, others = [], omitted = 0 }): Cell[] => [
        { text: new Date(at).toISOString().replace("T", " ").slice(0, 19) },
        { text: holds === undefined ? verb : `${verb} ${holds}`, colour: "bold" },
        { text: others.length + omitted === 0 ? circuit : `${circuit} and ${others.length + omitted} more` },
        { text: until === undefined ? "" : formatSpan(until - at) },
        { text: by },
        { text: reason },
      ],
    );
    if (rows.length === 0) out.line("No operator has done anything yet.");
    else
      for (const line of out.table(["WHEN (UTC)", "WHAT", "CIRCUIT", "FOR", "BY", "WHY"], rows))
        out.line(line);
    return EXIT.ok;
  },
};
