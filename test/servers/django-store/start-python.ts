import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { requireProgram } from "../require.js";

/** Debian's own Python, because only that one has Debian's packages. */
const python = requireProgram("/usr/bin/python3", [""]);
const script = fileURLToPath(new URL("./python_failfast.py", import.meta.url));
const folder = fileURLToPath(new URL(".", import.meta.url));
/** Where `scripts/install-servers.sh` puts Django 4, on a Debian that has Django 3. */
const NEWER = "/usr/local/lib/failfast-tests/django";

/** The part of Django's settings that matters here. */
export interface DjangoSettings {
  readonly CACHES: { readonly default: Record<string, unknown> };
  readonly DATABASES?: { readonly default: Record<string, unknown> };
  readonly USE_TZ?: boolean;
  readonly TIME_ZONE?: string;
}

/** A Python service. */
export interface Python {
  /** Makes a guarded call, and returns how it ended. */
  call(name: string, timeout: number, works: boolean): Promise<"served" | "rejected" | "failed">;
  /** Runs any command of the script; rejects with the class of the error that Python raised. */
  ask(command: string, ...args: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

const environment = (newer: boolean): NodeJS.ProcessEnv => {
  const path = [folder, ...(newer ? [NEWER] : [])].join(":");
  return { ...process.env, PYTHONPATH: path };
};

function has(newer: boolean, ...modules: string[]): boolean {
  if (python === undefined || (newer && !existsSync(NEWER))) return false;
  try {
    const imports = modules.map((module) => `import ${module}`).join("\n");
    execFileSync(python, ["-c", imports], { env: environment(newer), stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The Django that has all of these modules, the system's if possible; `undefined` if none has. */
export function djangoWith(...modules: string[]): { readonly newer: boolean } | undefined {
  const found = [false, true].find((newer) => has(newer, "django", ...modules));
  if (found !== undefined) return { newer: found };
  const required = (process.env["FAILFAST_TEST_REQUIRE"] ?? "").split(",");
  if (required.includes("all") || required.includes("django"))
    throw new Error(
      `no Django with ${modules.join(", ")} is installed, and FAILFAST_TEST_REQUIRE asks for it`,
    );
  console.warn(`skipped: the tests on Django with ${modules.join(", ")}, which is not installed`);
  return undefined;
}

export function startPython(settings: DjangoSettings, { newer }: { readonly newer: boolean }): Python {
  const child = spawn(python ?? "python3", [script, JSON.stringify(settings)], {
    env: environment(newer),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints = (complaints + text).slice(-4_000);
  });
  const waiting: { resolve(answer: unknown): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { answer, raises } = JSON.parse(line) as { answer?: unknown; raises?: string };
    const next = waiting.shift();
    if (raises === undefined) next?.resolve(answer);
    else next?.reject(Object.assign(new Error(`Python raised ${raises}`), { raises }));
  });
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exit.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`Python ended:\n${complaints}`));
  });

  const ask = (...command: [string, ...unknown[]]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(command)}\n`);
    });
  return {
    ask,
    async call(name, timeout, works) {
      try {
        await ask("call", name, timeout, works);
        return "served";
      } catch (error) {
        const { raises } = error as { raises?: string };
        if (raises === "Rejected") return "rejected";
        if (raises === "Backend") return "failed";
        throw error;
      }
    },
    async stop() {
      child.stdin.end();
      await exit;
    },
  };
}
