import { COMMON, type Flags, variableOf } from "./arguments.js";
import type { Terminal } from "./terminal.js";

interface Described {
  readonly summary: string;
  readonly usage: string;
  readonly details?: string;
  readonly exitCodes?: string;
  readonly flags: Flags;
}

const EXIT_CODES = `Exit codes: 0 success; 1 the store could not be read or written, or a check failed; 2 wrong arguments;
3 unknown circuit; 4 a circuit is open (status --check); 130 Ctrl-C.`;

/** The output of `failfast --help`. */
export function overview(out: Terminal, commands: Readonly<Record<string, Described>>): string {
  const longest = Math.max(...Object.keys(commands).map((name) => name.length));
  return `${out.paint("failfast", "bold")}: see and control the circuits of a whole fleet.

Usage: failfast COMMAND --store URL
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${out.paint(name.padEnd(longest), "bold")}  ${summary}`)
  .join("\n")}

${optionsOf(out, "", COMMON)}

Set FAILFAST_STORE, and you need no --store: failfast status
Help for one command: failfast hold --help
${EXIT_CODES}`;
}

/** What \`failfast COMMAND --help\` says. */
export function helpOf(out: Terminal, name: string, described: Described): string {
  const { summary, usage, details, flags, exitCodes = EXIT_CODES } = described;
  return `failfast ${name}: ${summary}.

${`Usage: failfast ${name} ${usage}`.trimEnd()}
${details === undefined ? "" : `\n${details}\n`}
${optionsOf(out, name, flags)}

${exitCodes}`;
}

function optionsOf(out: Terminal, command: string, flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { short, takes, help }]) => [
    `${short === undefined ? "    " : `-${short}, `}--${name}${takes === undefined ? "" : ` ${takes}`}`,
    `${help}${name === "help" ? "" : out.paint(` [${variableOf(command, name)}]`, "dim")}`,
  ]);
  const longest = Math.max(...rows.map(([option = ""]) => option.length));
  return `Options (in brackets: the environment variable that sets the same):\n${rows.map(([option = "", help]) => `  ${option.padEnd(longest)}  ${help}`).join("\n")}`;
}
