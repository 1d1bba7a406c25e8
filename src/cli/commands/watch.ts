import type { CircuitOfFleet, FleetView } from "../../fleet/view.js";
import { matching, shownWord } from "../choose.js";
import { byUrgency, circuitTable, stateOf, summary } from "../circuit-table.js";
import type { Command, Session } from "../command.js";
import { EXIT } from "../errors.js";
import { plain } from "../plain-text.js";
import { untilInterrupted } from "./dashboard.js";
import { readView } from "./status.js";

const REDRAWN_EVERY_MS = 1_000;

/** The status, live. */
export const watch: Command = {
  summary: "the same as status, live, until Ctrl-C; in a pipe, one line for each change",
  usage: "[NAME…]",
  flags: {},
  endsItself: true,
  async run(session) {
    const { fleet, out, args, store, interrupted } = session;
    await readView(fleet, store, args.words);
    const leave = out.live && !args.given("json") ? out.enter() : undefined;
    const show = leave === undefined ? changesOf(session) : () => redraw(session);
    show();
    const unsubscribe = fleet.subscribe(show);
    const timer = setInterval(show, REDRAWN_EVERY_MS);
    await untilInterrupted(interrupted);
    clearInterval(timer);
    unsubscribe();
    leave?.();
    return EXIT.ok;
  },
};

function chosenOf({ args }: Session, { circuits }: FleetView): CircuitOfFleet[] {
  return byUrgency(args.words.length === 0 ? circuits : matching(args.words.map(shownWord), circuits));
}

function redraw(session: Session): void {
  const { fleet, out, address } = session;
  const view = fleet.view();
  const chosen = chosenOf(session, view);
  const table = circuitTable(out, chosen, view.at);
  const room = out.rows - 3;
  const left = table.length - room;
  out.screen([
    summary(out, address, view),
    "",
    ...table.slice(0, room),
    ...(left > 0 ? [out.paint(`and ${left} more`, "dim")] : []),
  ]);
}

/** Prints a line whenever a circuit changes its state. */
function changesOf(session: Session): () => void {
  const { fleet, out, args } = session;
  const known = new Map<string, string>();
  let up = true;
  return () => {
    const view = fleet.view();
    const when = new Date(view.at).toISOString();
    if (view.store.up !== up) {
      up = view.store.up;
      if (args.given("json")) out.json({ at: view.at, store: view.store });
      else
        out.line(
          `${when}  the store ${up ? "answers again" : `does not answer: ${plain(view.store.error ?? "")}`}`,
        );
    }
    for (const circuit of chosenOf(session, view)) {
      const { name, reason = "", by = "" } = circuit;
      const state = stateOf(circuit);
      const before = known.get(name) ?? "closed";
      known.set(name, state);
      if (before === state) continue;
      if (args.given("json")) out.json({ at: view.at, before, circuit });
      else
        out.line(
          `${when}  ${plain(name)}  ${before} -> ${state}  ${plain([reason, by].filter(Boolean).join(", by "))}`,
        );
    }
  };
}
