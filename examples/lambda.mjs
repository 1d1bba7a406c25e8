// A batch of SQS messages while the backend is down: node examples/lambda.mjs
import { failfast } from "failfast";
import { failfastBatch } from "failfast/lambda";

let calls = 0;
const salesApi = failfast("sales_api", "30s");
const send = salesApi(async (message) => {
  calls++;
  if (message !== "ann") throw new Error("the sales API is down");
});

export const handler = failfastBatch(async ({ body }) => send(body));

const Records = ["ann", "bob", "cleo", "dan"].map((body) => ({ messageId: `of ${body}`, body }));
const { batchItemFailures } = await handler({ Records }, {});
console.log(
  `${calls} calls; to come again: ${batchItemFailures.map((each) => each.itemIdentifier).join(", ")}`,
);
