import type { Flags } from "../arguments.js";
import type { StandaloneCommand } from "../command.js";
import { CommandError, EXIT } from "../errors.js";

type Commands = Readonly<Record<string, { readonly summary: string; readonly flags: Flags }>>;

/** A script for the shell that completes commands, options, and names of circuits. */
export const completionOf = (commands: () => Commands): StandaloneCommand => ({
  standalone: true,
  summary: "print a script that completes commands, options and circuits in your shell",
  usage: "bash|zsh|fish",
  details: `bash: failfast completion bash > ~/.local/share/bash-completion/completions/failfast
zsh:  failfast completion zsh > "\${fpath[1]}/_failfast"
fish: failfast completion fish > ~/.config/fish/completions/failfast.fish`,
  flags: {},
  async run({ args, out }) {
    const [shell = ""] = args.words;
    const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (write === undefined)
      throw new CommandError("completion needs the name of a shell: bash, zsh or fish", EXIT.usage);
    out.line(write(commands()));
    return EXIT.ok;
  },
});

/** Commands that take names of circuits. */
const NAMES = ["status", "watch", "trip", "reset", "hold", "release"];
const LISTED =
  'failfast status --json 2>/dev/null | grep -o \'"name":"[A-Za-z0-9_.:/-]*"\' | cut -d\'"\' -f4';

const flagsOf = (flags: Flags): string =>
  Object.keys(flags)
    .map((flag) => `--${flag}`)
    .join(" ");

const SHELLS: Readonly<Record<string, (commands: Commands) => string>> = {
  bash: (commands) => `_failfast() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${Object.keys(commands).join(" ")}" -- "$word"))
    return
  fi
  case "$word" in
  -*)
    case "$command" in
${Object.entries(commands)
  .map(([name, { flags }]) => `    ${name}) COMPREPLY=($(compgen -W "${flagsOf(flags)}" -- "$word")) ;;`)
  .join("\n")}
    esac
    ;;
  *)
    case "$command" in
    hold) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W "open closed" -- "$word")) && return ;;&
    ${NAMES.join("|")}) COMPREPLY=($(compgen -W "$(${LISTED})" -- "$word")) ;;
    esac
    ;;
  esac
}
complete -F _failfast failfast`,
  zsh: (commands) => `#compdef failfast
_failfast() {
  local -a commands
  commands=(
${Object.entries(commands)
  .map(([name, { summary }]) => `    ${quoted(`${name}:${summary}`)}`)
  .join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "$words[2]" in
${Object.entries(commands)
  .map(([name, { flags }]) => `  ${name}) [[ "$PREFIX" == -* ]] && compadd -- ${flagsOf(flags)} ;;`)
  .join("\n")}
  esac
  [[ "$words[2]" == hold && CURRENT -eq 3 ]] && compadd open closed && return
  case "$words[2]" in
  ${NAMES.join("|")}) [[ "$PREFIX" == -* ]] || compadd -- \${(f)"$(${LISTED})"} ;;
  esac
}
_failfast "$@"`,
  fish: (commands) => {
    const lines = Object.entries(commands).flatMap(([name, { summary, flags }]) => [
      `complete -c failfast -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...Object.entries(flags).map(
        ([flag, { help, type }]) =>
          `complete -c failfast -f -n '__fish_seen_subcommand_from ${name}' -l ${flag} ${type === "string" ? "-r " : ""}-d ${quoted(help)}`,
      ),
    ]);
    lines.push(`complete -c failfast -f -n '__fish_seen_subcommand_from hold' -a 'open closed'`);
    lines.push(
      `complete -c failfast -f -n '__fish_seen_subcommand_from ${NAMES.join(" ")}' -a "(${LISTED.replaceAll('"', '\\"')})"`,
    );
    return lines.join("\n");
  },
};

const quoted = (text: string): string => `'${text.replaceAll("'", "’")}'`;
