// A consumer pauses while the backend is down, and no message is lost: node examples/queue.mjs
import { failfast } from "failfast";
import { pauseWhileOpen } from "failfast/queue";

let down = true;
let calls = 0;
const salesApi = failfast("sales_api", "500ms");
const send = salesApi(async (customer) => {
  calls++;
  if (down) throw new Error("the sales API is down");
  return customer;
});

const messages = ["ann", "bob", "cleo"];
const sent = [];
const paused = pauseWhileOpen(salesApi);
const handle = paused.hold(send);
const again = (customer) => handle(customer).catch(() => again(customer));

const first = again(messages.shift()).then((customer) => sent.push(customer));
await new Promise((soon) => setTimeout(soon, 100));
console.log(`asked for ${calls} message, the others wait`);
down = false;
while (messages.length > 0 && (await paused.ready())) sent.push(await handle(messages.shift()));
await first;
console.log(`sent ${sent.sort().join(", ")}: ${calls} calls for 3 messages`);
await paused.close();
