// A process of a fleet: calls the circuits that it is told to call.
import { createFailfast } from "../../../dist/index.js";
import { storeFrom } from "../../../dist/stores/url.js";

const failfast = createFailfast({ store: await storeFrom(), timeout: "10m" });
process.on("message", async ({ circuit, fails }) => {
  const answer = await failfast(circuit)
    .run(async () => {
      if (fails) throw new TypeError("the backend is down");
      return "passed";
    })
    .catch((error) => error.code ?? error.name);
  await failfast.settled();
  process.send(answer);
});
