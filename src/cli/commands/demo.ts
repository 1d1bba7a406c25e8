import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { StandaloneCommand } from "../command.js";
import { EXIT } from "../errors.js";

/** Beside the folder of this program in the package. */
const DEMO = new URL("../../examples/demo/demo.mjs", import.meta.url);

/** Four processes and a backend that hangs, with failfast and without. */
export const demo: StandaloneCommand = {
  standalone: true,
  endsItself: true,
  summary: "run four processes and a backend that hangs, without failfast and with it, and measure both",
  usage: "",
  flags: {
    fast: { type: "boolean", help: "a shorter demo" },
    dashboard: { type: "boolean", help: "also serve the live page, and keep it running at the end" },
  },
  async run({ args, interrupted }) {
    const store = args.text("store");
    const given = [
      ...(store === undefined ? [] : ["--store", store]),
      ...(args.given("fast") ? ["--fast"] : []),
      ...(args.given("dashboard") ? ["--dashboard"] : []),
    ];
    const child = spawn(process.execPath, [fileURLToPath(DEMO), ...given], { stdio: "inherit" });
    // From a terminal, Ctrl-C reaches the child as well, and the child reports how it ended.
    interrupted.addEventListener("abort", () => process.stdin.isTTY || child.kill("SIGINT"));
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? EXIT.failed;
  },
};
