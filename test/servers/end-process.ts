import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Whether a process has not ended yet. */
export const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null;

/** Kills a process, and waits until it has ended: until then it may write to a folder that is removed next. */
export async function endProcess(child: ChildProcess): Promise<void> {
  const started = child.pid !== undefined;
  if (!started || !isRunning(child)) return;
  const exit = once(child, "exit");
  // SIGKILL ends a frozen process too.
  child.kill("SIGKILL");
  await exit;
}

/** The same for several; the list is empty afterwards. */
export async function endProcesses(children: ChildProcess[]): Promise<void> {
  await Promise.all(children.splice(0).map(endProcess));
}
