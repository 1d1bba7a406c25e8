import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { createFailfast, isFailfastError } from "failfast";
import { dynamodbStore } from "failfast/dynamodb";
import { failfastFetch } from "failfast/fetch";

// Once for each instance.
const document = DynamoDBDocument.from(new DynamoDBClient({ endpoint: process.env.DYNAMODB }));
const failfast = createFailfast({
  store: dynamodbStore(document, process.env.TABLE ?? "circuits"),
  report: false,
});
const salesApi = failfastFetch({
  failfast,
  name: "sales_api",
  timeout: "30s",
  callTimeout: "2s",
  consecutive: 2,
});

export async function handler(event) {
  await failfast.ready();
  try {
    const answer = await salesApi(`${process.env.SALES_API}/invoices/${event.customer}`);
    return { statusCode: answer.ok ? 200 : 502, body: await answer.text() };
  } catch (error) {
    if (!isFailfastError(error)) return { statusCode: 502, body: error.message };
    return { statusCode: 503, headers: { "Retry-After": String(error.retryAfter) }, body: error.message };
  } finally {
    await failfast.settled();
  }
}
