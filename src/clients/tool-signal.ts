import { type AbortSignalLike, Caller } from "../call/report.js";

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
export function under(signal: unknown, caller: Caller, args: readonly unknown[]): unknown[] {
  const its = [...args];
  if (signal === caller) return its;
  const { at, field } = placeOf(args);
  while (its.length < at) its.push(undefined);
  its[at] = { ...(args[at] as object | undefined), [field]: signal };
  return its;
}
