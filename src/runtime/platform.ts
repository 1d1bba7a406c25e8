/**
 * What a JavaScript runtime may offer beyond the language. It is declared here so that the core needs neither the types
 * of Node nor those of the DOM, and imports no built-in module. Every part may be missing.
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
 * Whether this is Cloudflare's runtime. There, an object made in one request (a signal, a connection) can't be used in
 * another, and timers end with their request.
 */
export const requestsApart: boolean = platform.navigator?.userAgent === "Cloudflare-Workers";

/** A built-in module of Node, if there is one. It is not imported, so that every runtime can load the core. */
export function builtin<T>(id: string): T | undefined {
  try {
    return platform.process?.getBuiltinModule?.(id) as T | undefined;
  } catch {
    // Next.js's edge runtime has Node's functions, but each of them throws.
    return undefined;
  }
}

/** A variable of the environment; `undefined` if it may not be read, as in Deno without `--allow-env`. */
export function environment(name: string): string | undefined {
  try {
    return platform.process?.env?.[name];
  } catch {
    return undefined;
  }
}

/** Emits a process warning, in the way of the runtime. */
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
