import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const failfast = createFailfast({ store: fileStore(process.argv[2]) });
const salesApi = failfast("sales_api", "60m");
await failfast.ready();
const ended = await salesApi
  .run(() => Promise.reject(new Error("down")))
  .catch((error) => error.code ?? error.message);
await failfast.settled();
console.log(`ended: ${ended}, ${Math.round(salesApi.retryAfter / 60)} min`);
setInterval(() => {}, 60_000);
