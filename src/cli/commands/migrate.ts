import type { Command } from "../command.js";
import { CommandError, EXIT } from "../errors.js";

/** Makes the table that the store needs. */
export const migrate: Command = {
  summary: "makes the store's table, where it needs one and there is none",
  usage: "",
  flags: {},
  async run({ args, out, store, address }) {
    try {
      await store.migrate?.();
    } catch (error) {
      throw new CommandError(`the table was not made: ${(error as Error).message}`);
    }
    if (args.given("json")) out.json({ done: true });
    else out.line(`The store at ${address} is ready.`);
    return EXIT.ok;
  },
};
