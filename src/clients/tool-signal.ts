import { type AbortSignalLike, Caller } from "../call/report.js";

/** A time-out that the Agents SDK sets its tools has no name by which it could be told from a caller who gives up. */
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

/** Where the caller's signal is, or would be: in the second argument, or in the third of the Agents SDK. */
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

/** The arguments with the circuit's signal, where a deadline needs one; otherwise as they are. */
export function under(signal: unknown, caller: Caller, args: readonly unknown[]): unknown[] {
  const its = [...args];
  if (signal === caller) return its;
  const { at, field } = placeOf(args);
  while (its.length < at) its.push(undefined);
  its[at] = { ...(args[at] as object | undefined), [field]: signal };
  return its;
}
