import { dynamodbStore } from "../../../src/stores/dynamodb.js";
import { storeFaults } from "../store-faults.js";
import { documents, startDynalite, TABLE } from "./start-dynalite.js";

function joinAt(port: number) {
  const client = documents(port);
  return { store: dynamodbStore(client, TABLE), close: () => client.destroy() };
}

storeFaults(
  "dynamodbStore() on an emulator",
  async () => {
    const server = await startDynalite();
    const operator = documents(server.port);
    return {
      open: () => joinAt(server.port),
      port: server.port,
      openAt: joinAt,
      pause: server.pause,
      resume: server.resume,
      restart: server.restart,
      keeps: true,
      async empty() {
        const { Items = [] } = await operator.scan({ TableName: TABLE });
        await Promise.all(Items.map(({ id }) => operator.delete({ TableName: TABLE, Key: { id } })));
      },
      // Not expired, but no text.
      spoil: (key) =>
        operator.put({
          TableName: TABLE,
          Item: { id: `failfast:${key}`, value: { no: "text" }, expires: Date.now() + 600_000 },
        }),
      async stop() {
        operator.destroy();
        await server.stop();
      },
    };
  },
  { lacks: ["stranger"] },
);
