import { builtin } from "./platform.js";

/** The part of Node's, Bun's and Deno's `AsyncResource` that is used here. */
interface AsyncScope {
  runInAsyncScope<T>(run: () => T): T;
}

type AsyncScopeClass = new (type: string, options: { requireManualDestroy: boolean }) => AsyncScope;

/**
 * Runs `run` outside every async context, and returns its result. An `AsyncLocalStorage` has no store in it, nor in the
 * timers, promises and connections that it starts.
 *
 * Background work begins in some request's call and outlives that call. Without this, all later work of the library
 * would run in that request's context and keep its data in memory. If the runtime has no async contexts, `run` is
 * simply called.
 */
export const detached: <T>(run: () => T) => T = makeDetached();

function makeDetached(): <T>(run: () => T) => T {
  const Scope = builtin<{ AsyncResource?: AsyncScopeClass }>("node:async_hooks")?.AsyncResource;
  if (Scope === undefined) return (run) => run();
  const nobody = forgetContext(new Scope("failfast", { requireManualDestroy: true }));
  return (run) => nobody.runInAsyncScope(run);
}

/**
 * A module may be loaded within a request, and then the resource remembers that request. Node keeps it under symbols:
 * the stores themselves, or the frame that contains them. The resource's own ids, which are numbers, stay.
 */
function forgetContext(scope: AsyncScope): AsyncScope {
  const fields = scope as unknown as Record<symbol, unknown>;
  for (const key of Object.getOwnPropertySymbols(scope))
    if (typeof fields[key] !== "number") fields[key] = undefined;
  return scope;
}
