import type { Fleet } from "../fleet/fleet.js";
import type { Store } from "../options/store.js";
import type { Arguments, Flags } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** What a command works with. */
export interface Session {
  readonly args: Arguments;
  readonly out: Terminal;
  /** For output that is not a result: questions, warnings. */
  readonly err: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** The store's URL without user and password. */
  readonly address: string;
  readonly store: Store & { migrate?(): Promise<void> };
  readonly fleet: Fleet;
  /** Who asks for the change. */
  readonly by: string;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** One command of `failfast`. */
export interface Command {
  readonly summary: string;
  /** What follows the command's name. */
  readonly usage: string;
  /** What its help says besides its options. */
  readonly details?: string;
  /** Its exit codes, if they differ from the usual ones. */
  readonly exitCodes?: string;
  readonly flags: Flags;
  /** At Ctrl-C it finishes what it began. Other commands simply end. */
  readonly endsItself?: true;
  /** Returns the exit code. */
  run(session: Session): Promise<number>;
}

/** A command that needs no store. */
export interface StandaloneCommand extends Omit<Command, "run"> {
  readonly standalone: true;
  run(session: Pick<Session, "args" | "out" | "err" | "env" | "interrupted">): Promise<number>;
}
