import { parseArgs } from "node:util";
import { closest } from "../options/closest.js";
import { CommandError, EXIT } from "./errors.js";
import { plain } from "./plain-text.js";

/** An option of a command. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Its value, as help shows it. */
  readonly takes?: string;
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** What the user asked for, by options and by variables of the environment. */
export interface Arguments {
  readonly words: readonly string[];
  text(name: string): string | undefined;
  given(name: string): boolean;
}

/** The options of every command. Each has a variable of its own, `FAILFAST_<NAME>`. */
export const COMMON: Flags = {
  store: {
    type: "string",
    short: "s",
    takes: "URL",
    help: "the fleet's store, for example redis://127.0.0.1:6379",
  },
  prefix: {
    type: "string",
    short: "p",
    takes: "NAME",
    help: "the fleet's prefix in that store; default: failfast",
  },
  json: { type: "boolean", help: "print JSON, for programs" },
  help: { type: "boolean", short: "h", help: "show this help" },
};

/**
 * The options of a command, with those of every command. A command that needs no store doesn't take the store's
 * options.
 */
export function flagsOf(command: { readonly flags: Flags; readonly standalone?: true }): Flags {
  const { store, prefix, ...others } = COMMON;
  return { ...command.flags, ...(command.standalone ? others : COMMON) };
}

/** @throws {CommandError} words after a command that takes none. `names`: those of all commands. */
export function refuseWords(
  command: string,
  usage: string,
  [word]: readonly string[],
  names: readonly string[],
): void {
  if (usage !== "" || word === undefined) return;
  const beside = names.filter((name) => name.startsWith(`${command} `));
  const meant = closest(`${command} ${word}`, beside);
  throw new CommandError(
    `${command} takes no argument ${JSON.stringify(plain(word))}${meant === undefined ? `. See failfast ${command} --help` : `; did you mean ${JSON.stringify(meant)}?`}`,
    EXIT.usage,
  );
}

/** The variable that can replace an option. If only one command has the option, the command's name is in it. */
export const variableOf = (command: string, flag: string): string =>
  `FAILFAST_${flag in COMMON ? "" : `${command}_`}${flag}`.toUpperCase().replace(/[- ]/g, "_");

/** Reads the arguments of one command. */
export function readArguments(
  command: string,
  flags: Flags,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Arguments {
  const { values, positionals } = parse(command, flags, args);
  const variable = (name: string): string | undefined => env[variableOf(command, name)] || undefined;
  return {
    words: positionals,
    text(name) {
      const value = values[name] ?? variable(name);
      return typeof value === "string" ? value : undefined;
    },
    given(name) {
      if (typeof values[name] === "boolean") return values[name];
      return /^(1|true|on|yes)$/i.test(variable(name) ?? "");
    },
  };
}

function parse(command: string, flags: Flags, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short }]) => [name, short ? { type, short } : { type }]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const [what = ""] = String((error as Error).message).split(/[.\n]/);
    throw new CommandError(`${what}. See failfast ${command} --help`, EXIT.usage);
  }
}
