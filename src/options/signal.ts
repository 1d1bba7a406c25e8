declare global {
  // Merged with the platform's own, which in Cloudflare's types is a class, and no property of globalThis.
  interface AbortSignal {}
}

/** The platform's `AbortSignal`, where its types are known. */
export type Signal = keyof AbortSignal extends never
  ? { readonly aborted: boolean; readonly reason?: unknown }
  : AbortSignal;
