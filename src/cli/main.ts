#!/usr/bin/env node
import { observeFleet } from "../fleet/fleet.js";
import { closest } from "../options/closest.js";
import { keepAlive } from "../runtime/keep-alive.js";
import { VERSION } from "../runtime/version.js";
import { type Arguments, flagsOf, readArguments, refuseWords } from "./arguments.js";
import type { Command, StandaloneCommand } from "./command.js";
import { completionOf } from "./commands/completion.js";
import { dashboard } from "./commands/dashboard.js";
import { demo } from "./commands/demo.js";
import { doctor } from "./commands/doctor.js";
import { events } from "./commands/events.js";
import { migrate } from "./commands/migrate.js";
import { migrateOpossum } from "./commands/migrate-opossum.js";
import { status } from "./commands/status.js";
import { hold, release, reset, trip } from "./commands/verbs.js";
import { watch } from "./commands/watch.js";
import { addressOf, connect, operator } from "./connect.js";
import { CommandError, EXIT } from "./errors.js";
import { helpOf, overview } from "./help.js";
import { plain } from "./plain-text.js";
import { Terminal } from "./terminal.js";

const COMMANDS: Readonly<Record<string, Command | StandaloneCommand>> = {
  status,
  watch,
  trip,
  reset,
  hold,
  release,
  events,
  doctor,
  dashboard,
  demo,
  migrate,
  "migrate opossum": migrateOpossum,
  completion: completionOf(() =>
    Object.fromEntries(Object.entries(withCommonFlags()).filter(([name]) => !name.includes(" "))),
  ),
};

const withCommonFlags = (): typeof COMMANDS =>
  Object.fromEntries(
    Object.entries(COMMANDS).map(([name, command]) => [name, { ...command, flags: flagsOf(command) }]),
  );

const isStandalone = (command: Command | StandaloneCommand): command is StandaloneCommand =>
  "standalone" in command;

const err = new Terminal(process.stderr, process.env);
const out = new Terminal(process.stdout, process.env, (error) => {
  // The reader has read enough, as `head` does.
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  err.line(`failfast: the output could not be written: ${error.message}`);
  process.exit(EXIT.failed);
});

// A store's connections and timers let a process end, but the work is not done.
keepAlive(main(process.argv.slice(2))).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    err.line(
      `${err.paint("failfast:", "red")} ${plain(withoutPasswords(error instanceof Error ? error.message : String(error)))}`,
    );
    process.exitCode = error instanceof CommandError ? error.code : EXIT.failed;
  },
);

async function main(given: readonly string[]): Promise<number> {
  const commands = withCommonFlags();
  const [name, ...rest] = joined(given, commands);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const topic = name === "help" ? joined(rest, commands)[0] : undefined;
    const command = topic === undefined ? undefined : commandOf(commands, topic);
    const to = name === undefined ? err : out;
    to.line(command === undefined ? overview(to, commands) : helpOf(to, topic ?? "", command));
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === "--version" || name === "-v") {
    out.line(VERSION);
    return EXIT.ok;
  }
  const command = commandOf(commands, name);
  const args = readArguments(name, command.flags, rest, process.env);
  if (args.given("help")) {
    out.line(helpOf(out, name, command));
    return EXIT.ok;
  }
  refuseWords(name, command.usage, args.words, Object.keys(commands));
  const interrupted = interruption();
  const work = isStandalone(command)
    ? command.run({ args, out, err, env: process.env, interrupted })
    : withStore(command, args, interrupted);
  if (command.endsItself) return work;
  const ended = new Promise<number>((resolve) => {
    interrupted.addEventListener("abort", () => resolve(EXIT.interrupted));
  });
  const code = await Promise.race([work, ended]);
  // Its requests to the store may never be answered.
  if (code === EXIT.interrupted) process.exit(code);
  return code;
}

async function withStore(command: Command, args: Arguments, interrupted: AbortSignal): Promise<number> {
  const address = addressOf(args);
  const store = await connect(address);
  const by = operator(args);
  const fleet = observeFleet(store, { by });
  try {
    const { env } = process;
    return await command.run({ args, out, err, env, interrupted, store, fleet, by, address: address.shown });
  } finally {
    await fleet[Symbol.asyncDispose]();
    await store.close();
  }
}

/** The name of a command may have two words. */
function joined([first, second, ...rest]: readonly string[], commands: typeof COMMANDS): readonly string[] {
  const both = `${first} ${second}`;
  if (Object.hasOwn(commands, both)) return [both, ...rest];
  return [first, second, ...rest].filter((word) => word !== undefined);
}

/** @throws {CommandError} if there is none with that name. */
function commandOf(commands: typeof COMMANDS, name: string): Command | StandaloneCommand {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command;
  const names = Object.keys(commands);
  const meant = closest(name, names);
  const question = meant === undefined ? "." : `; did you mean ${JSON.stringify(meant)}?`;
  throw new CommandError(
    `there is no command ${JSON.stringify(name)}${question} The commands are ${names.join(", ")}`,
    EXIT.usage,
  );
}

/** A store's URL in the wrong place still contains its password. */
const withoutPasswords = (text: string): string => text.replace(/:\/\/[^\s/]*@/g, "://\u2026@");

/** Ctrl-C once ends what runs in an orderly way; twice ends it at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  return controller.signal;
}
