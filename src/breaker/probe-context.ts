import { builtin } from "../runtime/platform.js";

/** A running probe: its circuit, its epoch, and the probe around it, if any. */
interface ProbeContext {
  readonly circuit: object;
  readonly epoch: number;
  readonly outer: ProbeContext | undefined;
}

interface Storage {
  run<T>(value: ProbeContext, fn: () => T): T;
  getStore(): ProbeContext | undefined;
  disable(): void;
}

const hooks = builtin<{ AsyncLocalStorage: new () => Storage }>("node:async_hooks");
let storage: Storage | undefined;
const running = new Set<ProbeContext>();
/** For runtimes without async context: there, calls made before the probe's function returns are still recognised. */
let synchronous: ProbeContext | undefined;

/** Runs a probe's function, so that calls it makes to its own circuit are known to belong to it. */
export function runWithinProbe<T>(circuit: object, epoch: number, fn: () => T): T {
  const context: ProbeContext = { circuit, epoch, outer: current() };
  if (hooks !== undefined) {
    storage ??= new hooks.AsyncLocalStorage();
    running.add(context);
    return storage.run(context, fn);
  }
  const before = synchronous;
  synchronous = context;
  try {
    return fn();
  } finally {
    synchronous = before;
  }
}

/**
 * The probe is over. On older Nodes async context slows down every promise, so it is kept only while probes run. Other
 * runtimes may have nothing to turn off.
 */
export function probeEnded(circuit: object, epoch: number): void {
  for (const context of running)
    if (context.circuit === circuit && context.epoch === epoch) running.delete(context);
  if (running.size > 0) return;
  try {
    storage?.disable();
  } catch {
    // On Cloudflare it throws.
  }
}

/** Whether the current call is made from within that probe. */
export function isWithinProbe(circuit: object, epoch: number): boolean {
  for (let context = current(); context !== undefined; context = context.outer)
    if (context.circuit === circuit && context.epoch === epoch) return true;
  return false;
}

const current = (): ProbeContext | undefined => (running.size > 0 ? storage?.getStore() : synchronous);
