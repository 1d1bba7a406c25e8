// Circuits shared through DynamoDB: AWS_REGION=eu-west-1 TABLE=circuits node examples/dynamodb.mjs; the table's key is "id", a string.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { createFailfast } from "failfast";
import { dynamodbStore } from "failfast/dynamodb";

const table = process.env.TABLE ?? "circuits";
const document = DynamoDBDocument.from(new DynamoDBClient({ endpoint: process.env.ENDPOINT }));
const failfast = createFailfast({ store: dynamodbStore(document, table, { prefix: "example" }) });
const salesApi = failfast("sales_api", 60);

await failfast.ready();
await salesApi.trip({ reason: "an example" });
await failfast.settled(); // with a slow table trip() may end before the write: wait for it
const { Item } = await document.get({ TableName: table, Key: { id: "example:circuit:sales_api" } });
console.log(salesApi.state, Item?.value);
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
document.destroy();
