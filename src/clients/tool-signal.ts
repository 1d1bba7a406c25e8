import { type AbortSignalLike, Caller } from "../call/reported-call.js";

/** The Agents SDK's own time-out for tools has no name, so it can't be told from a caller who gives up. */
export class ToolCaller extends Caller {
  override get reason(): unknown {
    const reason = super.reason;
    if ((reason as Error | null | undefined)?.constructor?.name !== "ToolTimeoutError") return reason;
    return Object.create(reason as Error, { name: { value: "TimeoutError" } });
  }
}

interface Holder {
  readonly signal?: AbortSignalLike;
  readonly abortSignal?: AbortSignalLike;
  readonly toolCallId?: unknown;
}

/** The position of the caller's signal: in the second argument, or in the third for the Agents SDK. */
function placeOf(args: readonly unknown[]): { at: number; field: "signal" | "abortSignal" } {
  for (const at of [2, 1])
    for (const field of ["signal", "abortSignal"] as const)
      if ((args[at] as Holder | undefined)?.[field]) return { at, field };
  if ((args[1] as Holder | undefined)?.toolCallId !== undefined) return { at: 1, field: "abortSignal" };
  return { at: args.length > 2 ? 2 : 1, field: "signal" };
}

export function signalOf(args: readonly unknown[]): AbortSignalLike | undefined {
  const { at, field } = placeOf(args);
  return (args[at] as Holder | undefined)?.[field];
}

/** The arguments with the circuit's signal, if a deadline needs one; otherwise unchanged. */
export function withSignal(signal: unknown, caller: Caller, args: readonly unknown[]): unknown[] {
  if (signal === caller) return [...args];
  const { at, field } = placeOf(args);
  return withField(args, at, field, signal);
}

/** The arguments, with a field of the argument at that position replaced. */
export function withField(args: readonly unknown[], at: number, field: string, value: unknown): unknown[] {
  const changed = [...args];
  while (changed.length < at) changed.push(undefined);
  changed[at] = { ...(args[at] as object | undefined), [field]: value };
  return changed;
}
