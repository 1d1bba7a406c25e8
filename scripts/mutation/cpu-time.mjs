import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/**
 * For how long the process has had a processor, in ms: on a busy machine that is what tells a process that hangs from one that
 * is never its turn. Where it can't be seen it is the time of day, which is as good on an idle machine.
 */
export function cpuTimeMs(pid) {
  try {
    // The name of the program stands in parentheses, and may have spaces in it.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return TICK_MS * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return performance.now();
  }
}
