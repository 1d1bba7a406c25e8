import type { Command } from "../command.js";
import { CommandError, EXIT } from "../errors.js";
import type { Cell } from "../terminal.js";
import { formatSpan } from "../times.js";

const SHOWN = 20;

/** Who did what and when. */
export const events: Command = {
  summary: "what operators did, the newest first: who, when and why",
  usage: "",
  flags: {
    limit: { type: "string", short: "n", takes: "N", help: `how many; default: ${SHOWN}, and 200 at most` },
  },
  async run({ args, out, fleet, store }) {
    const limit = Number(args.text("limit") ?? SHOWN);
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new CommandError("--limit takes a whole number from 1 up", EXIT.usage);
    if (store.sibling === undefined)
      throw new CommandError("this kind of store has no place for what operators do: it keeps no trail");
    const trail = await fleet.events(limit).catch((error: unknown) => {
      throw new CommandError(`the trail can't be read: ${(error as Error).message}. See failfast doctor`);
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
