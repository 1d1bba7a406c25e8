/**
 * What a JavaScript runtime may offer beyond the language, declared here so that the core needs neither
 * Node's types nor the DOM's, and imports no built-in: missing parts are optional.
 */
interface Platform {
  readonly performance?: { now(): number };
  readonly Bun?: unknown;
  readonly navigator?: { readonly userAgent?: string };
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly crypto?: { getRandomValues(array: Uint32Array): Uint32Array };
  readonly console?: { warn(message: string): void };
  readonly process?: {
    readonly pid?: number;
    readonly execArgv?: readonly string[];
    readonly argv?: readonly string[];
    cwd?(): string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    getBuiltinModule?(id: string): unknown;
    emitWarning?(message: string, options: { type: string; code: string }): void;
  };
}

export const platform: Platform = globalThis as unknown as Platform;

/**
 * Whether this is Cloudflare's runtime: what one request made (a signal, a connection) no other one may use, and its
 * timers end with it.
 */
export const requestsApart: boolean = platform.navigator?.userAgent === "Cloudflare-Workers";

/** A built-in module of Node, where there is one: never imported, so that every runtime can load the core. */
export function builtin<T>(id: string): T | undefined {
  try {
    return platform.process?.getBuiltinModule?.(id) as T | undefined;
  } catch {
    // Next.js's edge runtime has Node's functions, and each throws.
    return undefined;
  }
}

/** What a variable of the environment says; nothing where it may not be read, as in Deno without `--allow-env`. */
export function environment(name: string): string | undefined {
  try {
    return platform.process?.env?.[name];
  } catch {
    return undefined;
  }
}

/** Emits a process warning, as the runtime emits its own. */
export function warn(code: string, message: string): void {
  try {
    if (platform.process?.emitWarning) {
      platform.process.emitWarning(message, { type: "FailfastWarning", code });
      return;
    }
  } catch {
    // As above.
  }
  platform.console?.warn(`${code}: ${message}`);
}
