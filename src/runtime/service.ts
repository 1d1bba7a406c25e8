import { builtin, environment, platform } from "./platform.js";

interface FileSystem {
  readFileSync(path: string, encoding: "utf8"): string;
}
interface Paths {
  dirname(path: string): string;
  join(...parts: string[]): string;
}

/**
 * The service that this process belongs to: `FAILFAST_SERVICE`, or else the name of the package that contains its main
 * script, or its working directory. `undefined` if there is none, or if it may not be read.
 */
export function serviceName(): string | undefined {
  known ??= { name: find() };
  return known.name;
}

let known: { readonly name: string | undefined } | undefined;

function find(): string | undefined {
  const script = platform.process?.argv?.[1];
  return (
    environment("FAILFAST_SERVICE") ??
    // The script of a process manager or framework does not name the service.
    (script === undefined || script.includes("node_modules") ? undefined : packageAround(script)) ??
    environment("npm_package_name") ??
    packageAround(`${attempt(() => platform.process?.cwd?.()) ?? ""}/package.json`)
  );
}

/** The name in the nearest `package.json` that has one, from that file's folder upwards. */
function packageAround(file: string): string | undefined {
  const fs = builtin<FileSystem>("node:fs");
  const path = builtin<Paths>("node:path");
  if (fs === undefined || path === undefined) return undefined;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const text = attempt(() => fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    const name = text && attempt(() => (JSON.parse(text) as { name?: unknown } | null)?.name);
    if (typeof name === "string" && name !== "") return name;
    if (folder === path.dirname(folder)) return undefined;
  }
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
