import type { Command } from "../command.js";
import { CommandError, EXIT } from "../errors.js";
import { NoAnswerError, within } from "../within.js";

const KEY = "doctor:migrate";

/** Creates the table that the store needs. */
export const migrate: Command = {
  summary: "create the store's table, if it needs one and it is missing",
  usage: "",
  details: "To move code from opossum: failfast migrate opossum --help",
  flags: {},
  async run({ args, out, store, address }) {
    const read = (): Promise<unknown> => within(() => store.get(KEY));
    const unreadable = (error: unknown): CommandError =>
      new CommandError(
        `the store at ${address} can't be read: ${(error as Error).message}. See failfast doctor`,
      );
    await read().catch((error: unknown) => {
      // Any other error may mean that there is no table yet.
      if (error instanceof NoAnswerError) throw unreadable(error);
    });
    try {
      await store.migrate?.();
    } catch (error) {
      throw new CommandError(`the table was not created: ${(error as Error).message}`);
    }
    await read().catch((error: unknown) => {
      throw unreadable(error);
    });
    if (args.given("json")) out.json({ done: true });
    else out.line(`The store at ${address} is ready.`);
    return EXIT.ok;
  },
};
