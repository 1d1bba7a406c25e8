// The tools of an agent are down: a few calls reach the server, and then the agent goes on without the tools.
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { Server } from "@modelcontextprotocol/server";
import { failfast } from "failfast";
import { failfastMcp } from "failfast/mcp";

let down = true;
let calls = 0;
const server = new Server({ name: "search", version: "1.0.0" }, { capabilities: { tools: {} } });
server.setRequestHandler("tools/call", async () => {
  calls++;
  if (down) throw new Error("the index is lost");
  return { content: [{ type: "text", text: "three invoices" }] };
});

// A stand-in for a transport over stdio or HTTP.
const [ours, theirs] = InMemoryTransport.createLinkedPair();
const client = new Client({ name: "agent", version: "1.0.0" });
await Promise.all([server.connect(theirs), client.connect(ours)]);

const search = failfastMcp(client, { name: "search_mcp", timeout: "30s", callTimeout: "20s" });
const ask = () => search.callTool({ name: "find", arguments: { query: "due" } });

// A model that always tries again.
let told = 0;
let answer;
for (let step = 0; step < 700; step++) {
  try {
    answer = await ask();
    told++;
  } catch {
    // The model gets the failure.
  }
}
console.log(`${calls} calls reached the server, ${told} were answered at once:`);
console.log(answer.content[0].text);

// Instead of waiting 30 s.
down = false;
await failfast("search_mcp").reset();
answer = await ask();
console.log(answer.content[0].text);
await client.close();
