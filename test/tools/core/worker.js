import { runSuite } from "./suite.js";

export default { fetch: async () => Response.json(await runSuite()) };
