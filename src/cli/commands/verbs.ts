import { createInterface } from "node:readline/promises";
import type { OperatorResult } from "../../breaker/operator.js";
import { isCut, shownName } from "../../fleet/cut-name.js";
import type { FleetVerbs } from "../../fleet/verbs.js";
import type { Duration } from "../../options/duration.js";
import type { Flags } from "../arguments.js";
import { isPattern, matching, refuseUnknown, shownWord } from "../choose.js";
import type { Command, Session } from "../command.js";
import { CommandError, EXIT } from "../errors.js";
import { plain } from "../plain-text.js";
import { momentOf } from "../times.js";
import { readView } from "./status.js";

const COMMON: Flags = {
  reason: { type: "string", short: "r", takes: "TEXT", help: "why you do it; everybody can see it" },
  by: { type: "string", takes: "NAME", help: "who does it; default: your user name and this host" },
  yes: { type: "boolean", short: "y", help: "don't ask, even if there are several circuits" },
  new: { type: "boolean", help: "accept a name that is not known yet" },
  exact: { type: "boolean", help: "take * and ? in a name literally" },
};
const FOR: Flags = { for: { type: "string", takes: "TIME", help: "how long: 30s, 10m, 2h; at most 24h" } };
const UNTIL: Flags = {
  until: { type: "string", takes: "WHEN", help: "10m (from now), or a date and time" },
};

type Act = (verbs: FleetVerbs, name: string) => Promise<OperatorResult>;

export const trip: Command = {
  summary: "open a circuit for the whole fleet, for its own time or --for",
  endsItself: true,
  usage: "NAME…",
  flags: { ...COMMON, ...FOR, ...UNTIL },
  run: (session) =>
    operate(session, "Open", session.args.words, (verbs, name) => {
      const ms = lengthOf(session);
      return verbs.trip(name, { ...whoAndWhy(session), ...(ms === undefined ? {} : { for: ms }) });
    }),
};

export const reset: Command = {
  summary: "close a circuit for the whole fleet",
  endsItself: true,
  usage: "NAME…",
  flags: COMMON,
  run: (session) =>
    operate(session, "Close", session.args.words, (verbs, name) => verbs.reset(name, whoAndWhy(session))),
};

export const hold: Command = {
  summary: "keep a circuit open or closed until you release it, or until --for or --until",
  endsItself: true,
  usage: "open|closed NAME…",
  flags: { ...COMMON, ...FOR, ...UNTIL },
  async run(session) {
    const [state, ...names] = session.args.words;
    if (state !== "open" && state !== "closed")
      throw new CommandError(
        "hold needs open or closed, and then names: failfast hold open NAME",
        EXIT.usage,
      );
    const ms = lengthOf(session);
    return operate(session, `Hold ${state}`, names, (verbs, name) =>
      verbs.hold(name, state, { ...whoAndWhy(session), ...(ms === undefined ? {} : { until: ms }) }),
    );
  },
};

export const release: Command = {
  summary: "end a hold",
  endsItself: true,
  usage: "NAME…",
  flags: COMMON,
  run: (session) =>
    operate(session, "Release", session.args.words, (verbs, name) => verbs.release(name, whoAndWhy(session))),
};

function whoAndWhy({ args, by }: Session): { readonly reason?: string; readonly by: string } {
  const reason = args.text("reason");
  return reason === undefined ? { by } : { by, reason };
}

/** How long it stays in force, in the form that the verbs take. */
function lengthOf({ args }: Session): Duration | undefined {
  const [length, until] = [args.text("for"), args.text("until")];
  if (length !== undefined && until !== undefined)
    throw new CommandError("--for and --until can't be used together: leave one out", EXIT.usage);
  const text = length ?? until;
  if (text === undefined) return undefined;
  const now = Date.now();
  return `${momentOf(length === undefined ? "until" : "for", text, now) - now}ms`;
}

/** Does it with all circuits that the words select, and reports the results. */
async function operate(session: Session, what: string, words: readonly string[], act: Act): Promise<number> {
  const { args, out, address } = session;
  if (words.length === 0)
    throw new CommandError("no circuit is given: add its name. failfast status lists the names", EXIT.usage);
  // A mistake in a time is reported before any question.
  lengthOf(session);
  const names = await namesOf(session, words);
  if (names.length > 1 && !args.given("yes")) await confirm(session, what, names);
  if (session.interrupted.aborted) throw new CommandError("nothing was done", EXIT.interrupted);
  const answers = await session.fleet.forAll(names, act, session.interrupted);
  const results = answers.map(({ stored, known }, at) => ({
    circuit: names[at] ?? "",
    stored,
    ...(known === false && { known }),
  }));
  const failed = results.filter(({ stored }) => !stored);
  if (args.given("json")) out.json(results);
  else
    for (const { circuit, stored } of results)
      out.line(
        stored
          ? `${out.paint("done", "green")}  ${what.toLowerCase()} ${plain(circuit)}`
          : `${out.paint("not done", "red")}  ${what.toLowerCase()} ${plain(circuit)}`,
      );
  if (results.length < names.length)
    throw new CommandError(
      `interrupted: ${results.length} of ${names.length} circuits are done`,
      EXIT.interrupted,
    );
  if (failed.length === 0) return tellUnknown(session, results);
  throw new CommandError(
    `the store at ${plain(address)} did not accept it in time, for ${failed.length} of ${results.length} circuits: try again, and run failfast doctor`,
  );
}

/** A store that can't list can't be asked in advance whether anybody knows a name. */
function tellUnknown(
  { args, err }: Session,
  results: readonly { readonly circuit: string; readonly known?: false }[],
): number {
  const unknown = results.filter(({ known }) => known === false);
  if (unknown.length === 0 || args.given("new")) return EXIT.ok;
  for (const { circuit } of unknown)
    err.line(
      `the store had no record of ${JSON.stringify(plain(circuit))}: is the name misspelt? It was done all the same, because a circuit that has never opened has no record either. With --new there is no such warning`,
    );
  return EXIT.unknown;
}

async function namesOf(session: Session, words: readonly string[]): Promise<string[]> {
  const { args, fleet, store } = session;
  const exact = args.given("exact");
  if (store.list === undefined && !exact && words.some(isPattern))
    throw new CommandError(
      "this kind of store can't list its circuits, so * and ? don't work: give whole names, or --exact",
      EXIT.usage,
    );
  if (store.list === undefined || (args.given("new") && (exact || !words.some(isPattern))))
    return whole([...new Set(words)]);
  const given = new Map(words.map((word) => [exact ? shownName(word) : shownWord(word), word]));
  const shown = [...given.keys()];
  const { circuits } = await readView(fleet, store, words);
  const mend = "Add --new if the circuit has not been called yet";
  if (!exact) refuseUnknown(shown, circuits, mend);
  const chosen = exact ? circuits.filter(({ name }) => given.has(name)) : matching(shown, circuits);
  if (exact && chosen.length < given.size)
    throw new CommandError(
      `one of these circuits is not known. List them with failfast status. ${mend}`,
      EXIT.unknown,
    );
  return whole(chosen.map(({ name }) => given.get(name) ?? name));
}

/** @throws {CommandError} a name that is shown cut, because it would reach another circuit. */
function whole(names: string[]): string[] {
  const cut = names.find(isCut);
  if (cut === undefined) return names;
  throw new CommandError(
    `${JSON.stringify(plain(cut))} is a shortened name: give the whole name, as in the code`,
    EXIT.usage,
  );
}

/** @throws {CommandError} if nobody can be asked, or the answer is no. */
async function confirm({ err, interrupted }: Session, what: string, names: readonly string[]): Promise<void> {
  const shown = names.slice(0, 10).map(plain).join(", ");
  const list = names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
  if (!process.stdin.isTTY || !err.live)
    throw new CommandError(
      `these are ${names.length} circuits: ${list}. Add --yes if you mean all of them`,
      EXIT.usage,
    );
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  // The question has the terminal, and so it gets Ctrl-C.
  reader.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const answer = await reader
    .question(`${what} ${names.length} circuits: ${list}? [y/N] `, { signal: interrupted })
    .catch(() => "");
  reader.close();
  if (interrupted.aborted) return;
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("nothing was done", EXIT.usage);
}
