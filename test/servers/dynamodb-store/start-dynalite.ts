import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument, type TranslateConfig } from "@aws-sdk/lib-dynamodb";
import { vi } from "vitest";
import { type ServerProcess, startServer } from "../server-process.js";

/** An emulator of DynamoDB, which keeps its tables on disk. */
const program = fileURLToPath(new URL("../../../node_modules/dynalite/cli.js", import.meta.url));

export const TABLE = "circuits";

/** Starts one with the table for circuits in it, by default on a free port. */
export async function startDynalite(onPort?: number): Promise<ServerProcess> {
  const server = await startServer(
    {
      command: (port, folder) => [
        process.execPath,
        program,
        ...["--host", "127.0.0.1", "--port", String(port), "--path", `${folder}/tables`],
        ...["--createTableMs", "0"],
      ],
      answers: accepts,
    },
    onPort,
  );
  await createTable(server.port, TABLE, "id");
  return server;
}

/** Makes a table, and waits until it can be used. */
export async function createTable(port: number, table: string, partitionKey: string): Promise<void> {
  const client = dynamodb(port);
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [{ AttributeName: partitionKey, KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: partitionKey, AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  await vi.waitFor(
    async () => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
      if (Table?.TableStatus !== "ACTIVE") throw new Error(`table ${table} is ${Table?.TableStatus}`);
    },
    { timeout: 10_000, interval: 10 },
  );
  client.destroy();
}

export function dynamodb(port: number, settings: DynamoDBClientConfig = {}): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    ...settings,
  });
}

export function documents(port: number, translate?: TranslateConfig): DynamoDBDocument {
  return DynamoDBDocument.from(dynamodb(port), translate);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
