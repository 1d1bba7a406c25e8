// A process that shares circuits in a folder: tells its warnings, and each state of "shop" that it hears of.
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

process.on("warning", ({ code, message }) => process.send({ warning: code, message }));
const failfast = createFailfast({ store: fileStore(process.argv[2]), timeout: 60 });
const shop = failfast("shop");
failfast.on("store-down", ({ error }) => process.send({ down: error.code ?? error.message }));
for (const event of ["open", "close"]) shop.on(event, () => process.send({ state: shop.state }));
await failfast.ready();
process.send({ state: shop.state });
process.once("message", async () => {
  await failfast.close();
  process.disconnect();
});
