// A process that shares circuits in a folder: tells its warnings, each state of "shop" that it hears of, and each time
// that it lists the folder.
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

process.on("warning", ({ code, message }) => process.send({ warning: code, message }));
const store = fileStore(process.argv[2]);
const list = (...args) => {
  process.send({ listed: true });
  return store.list(...args);
};
const failfast = createFailfast({ store: { ...store, list }, timeout: 60 });
const shop = failfast("shop");
failfast.on("store-down", ({ error }) => process.send({ down: error.code ?? error.message }));
for (const event of ["open", "close"]) shop.on(event, () => process.send({ state: shop.state }));
await failfast.ready();
process.send({ state: shop.state });
process.once("message", async () => {
  await failfast.close();
  process.disconnect();
});
