// A function that serves one invocation after the other, as in Lambda's runtime: one event in, one answer out.
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";
import { withFailfast } from "failfast/lambda";

const failfast = createFailfast({ store: fileStore(process.argv[2]) });
const salesApi = failfast("sales_api", "60s");
let calls = 0;
const handler = withFailfast(
  async ({ down }) => {
    try {
      await salesApi.run(async () => {
        calls++;
        if (down) throw new Error("down");
      });
      return { answer: "made", calls };
    } catch (error) {
      return { answer: error.name, calls };
    }
  },
  { failfast, readyWithin: "5s", settledWithin: "5s" },
);
process.on("message", async (event) => process.send(await handler(event, {})));
process.send("ready");
