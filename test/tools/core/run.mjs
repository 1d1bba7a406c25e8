import { runSuite } from "./suite.js";

console.log(JSON.stringify(await runSuite()));
