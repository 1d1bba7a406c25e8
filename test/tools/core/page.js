import { runSuite } from "./suite.js";

globalThis.suite = runSuite();
