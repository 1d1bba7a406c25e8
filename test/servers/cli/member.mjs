// A process of a fleet: calls the circuits that it is told to call.
import { pathToFileURL } from "node:url";

const dist = `${pathToFileURL(process.argv[2]).href}/dist/`;
const { createFailfast } = await import(`${dist}index.js`);
const { storeFrom } = await import(`${dist}stores/url.js`);

const failfast = createFailfast({ store: await storeFrom(), timeout: "10m" });
process.on("message", async ({ circuit, fails, options: { timeout, ...options } }) => {
  const answer = await failfast(circuit, timeout, options)
    .run(async () => {
      if (fails) throw new TypeError("the backend is down");
      return "passed";
    })
    .catch((error) => error.code ?? error.name);
  await failfast.settled();
  process.send(answer);
});
