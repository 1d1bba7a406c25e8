declare global {
  // Merged with the platform's own type, which in Cloudflare's types is a class, and not a property of globalThis.
  interface AbortSignal {}
}

/** The platform's `AbortSignal`, if its types are known. */
export type Signal = keyof AbortSignal extends never
  ? { readonly aborted: boolean; readonly reason?: unknown }
  : AbortSignal;
