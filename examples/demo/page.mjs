// The live page over the demo's store, while it runs and until it is told to end.
import { createServer } from "node:http";
import { dashboard, toNodeListener } from "failfast/dashboard";
import { storeFrom } from "failfast/url";

/** Serves it to this machine alone, where anybody may hold, trip and reset. */
export async function servePage({ url }) {
  const store = await storeFrom(url);
  const page = dashboard({ store, authorize: () => true });
  const server = createServer(toNodeListener(page)).listen(0, "127.0.0.1");
  await new Promise((listening, failed) => server.once("listening", listening).once("error", failed));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await page.close();
      await store.close();
    },
  };
}
