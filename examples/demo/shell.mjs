// A shell with failfast loaded, a backend to break, and a circuit around the calls to it: make shell
import { createServer } from "node:http";
import { start } from "node:repl";
import * as library from "failfast";

const OPEN_SECONDS = 10;
const answers = {
  well: (response) => response.end("ok"),
  broken: (response) => response.writeHead(500).end("broken"),
  hanging: () => {},
};
let calls = 0;
let answer = answers.well;
const server = createServer((_, response) => {
  calls++;
  answer(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
server.unref();
const url = `http://127.0.0.1:${server.address().port}/`;

const from = (next) => () => {
  answer = next;
};
const backend = {
  break: from(answers.broken),
  hang: from(answers.hanging),
  mend: from(answers.well),
  get calls() {
    return calls;
  },
};
const salesApi = library.failfast("sales_api", OPEN_SECONDS, { callTimeout: "1s" });
const call = () =>
  salesApi.run(async (signal) => {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`the backend answered ${response.status}`);
    return response.text();
  });

console.log(`failfast is loaded, with everything it exports. Try:
  await call()          calls a backend through the circuit salesApi
  backend.break()       it answers 500 from now on; .hang(): it never answers; .mend(): it works again
  salesApi.state        "closed", "open" or "half-open"; open for ${OPEN_SECONDS} s after a failure
  backend.calls         how many calls reached it
  await salesApi.hold("open", { reason: "maintenance" }), salesApi.release(), .trip(), .reset()
.exit ends it.`);
const shell = start({ prompt: "failfast> " });
Object.assign(shell.context, library, { backend, salesApi, call });
for (const event of ["open", "half-open", "close", "hold", "release"])
  salesApi.on(event, ({ type, reason }) => {
    console.log(`\n  ${type}${reason ? `: ${reason}` : ""}`);
    shell.displayPrompt();
  });
shell.once("exit", () => process.exit());
