/** How the command ends. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** The store could not be read or written, or a check failed. */
  failed: 1,
  /** Wrong arguments. */
  usage: 2,
  /** Unknown circuit. */
  unknown: 3,
  /** `status --check`: a circuit is open. */
  open: 4,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** Ends the command with a message that says what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: number;

  constructor(message: string, code: number = EXIT.failed) {
    super(message);
    this.code = code;
  }
}
