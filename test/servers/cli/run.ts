import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endProcess } from "../end-process.js";

/** What was built. */
const built = fileURLToPath(new URL("../../../", import.meta.url));
export const main = `${built}dist/cli/main.js`;
const member = fileURLToPath(new URL("member.mjs", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly tookMs: number;
}

/** Runs the command as a person does, with only the given environment. `of`: another copy of the package. */
export async function failfast(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  of: string = built,
): Promise<Ran> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(of, "dist/cli/main.js"), ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err, tookMs: performance.now() - began };
}

/** A process of a fleet, which does what the test says and reports its circuit. */
export class Member {
  readonly #child: ChildProcess;

  /** `of`: another copy of the package. */
  constructor(url: string, host: string, of: string = built) {
    this.#child = spawn(process.execPath, [member, of], {
      env: { PATH: process.env["PATH"], FAILFAST_STORE: url, FAILFAST_HOST: host, FAILFAST_SERVICE: "shop" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
  }

  /** Calls a circuit, and returns how the call ended. `fails`: its backend is down. */
  async call(circuit: string, fails = false, options: object = {}): Promise<string> {
    this.#child.send({ circuit, fails, options });
    const [answer] = (await once(this.#child, "message")) as [string];
    return answer;
  }

  stop(): Promise<void> {
    return endProcess(this.#child);
  }
}
