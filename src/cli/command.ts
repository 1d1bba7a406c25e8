import type { Fleet } from "../fleet/fleet.js";
import type { Store } from "../options/store.js";
import type { Arguments, Flags } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** What a command works with. */
export interface Session {
  readonly args: Arguments;
  readonly out: Terminal;
  /** For what is no result: questions, warnings. */
  readonly err: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** The store's URL without user and password. */
  readonly address: string;
  readonly store: Store & { migrate?(): Promise<void> };
  readonly fleet: Fleet;
  /** Who asks. */
  readonly by: string;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** One word after `failfast`. */
export interface Command {
  readonly summary: string;
  /** What follows the word. */
  readonly usage: string;
  /** What help says beyond its options. */
  readonly details?: string;
  /** Its exit codes, where they are not those of all. */
  readonly exitCodes?: string;
  readonly flags: Flags;
  /** At Ctrl-C it brings to an end what it began. The others just end. */
  readonly endsItself?: true;
  /** Gives the exit code. */
  run(session: Session): Promise<number>;
}

/** A command that needs no store. */
export interface StandaloneCommand extends Omit<Command, "run"> {
  readonly standalone: true;
  run(session: Pick<Session, "args" | "out" | "err" | "env" | "interrupted">): Promise<number>;
}
