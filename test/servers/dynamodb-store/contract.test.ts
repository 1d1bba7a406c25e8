import { afterAll, beforeAll, describe, test } from "vitest";
import { dynamodbStore } from "../../../src/stores/dynamodb.js";
import { storeContract } from "../../../src/testing/index.js";
import type { ServerProcess } from "../server-process.js";
import { documents, startDynalite, TABLE } from "./start-dynalite.js";
import { type Front, startFront } from "./start-front.js";

/** dynalite takes an empty text for no text, so that it may be replaced. DynamoDB does not, and no record is empty. */
const WRONG_IN_DYNALITE = "swap: the empty string is something";

describe.each(["names the item it refuses to replace, as DynamoDB does", "doesn't, as emulators do"])(
  "the store contract on a server that %s",
  (how) => {
    let server: ServerProcess;
    let front: Front | undefined;
    beforeAll(async () => {
      server = await startDynalite();
      if (how.startsWith("names")) front = await startFront(server.port);
    });
    afterAll(async () => {
      await front?.close();
      await server.stop();
    });

    const makeStore = () => {
      const client = documents((front ?? server).port);
      return { store: dynamodbStore(client, TABLE), close: () => client.destroy() };
    };
    for (const { name, run } of storeContract(makeStore, { verbs: ["swap"] })) {
      if (name !== WRONG_IN_DYNALITE) test.concurrent(name, run);
    }
  },
);
