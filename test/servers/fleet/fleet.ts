import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Seen {
  readonly type: string;
  readonly local?: boolean;
  readonly at: number;
}

/** A process of the fleet, seen from its parent. */
export interface Member {
  readonly child: ChildProcess;
  readonly seen: Seen[];
  ask(order: string, details?: object): Promise<Record<string, unknown>>;
}

export interface StoreSubject {
  readonly kind: "file" | "redis" | "postgres";
  readonly where: string;
}

/** Ten processes start at once, which takes a while on a busy machine. */
const START_MS = 90_000;

/** Starts a number of processes on one store, and waits until each has read it. */
export async function startFleet(
  subject: StoreSubject,
  size: number,
  open: string,
  options: object = {},
): Promise<Member[]> {
  const members = Array.from({ length: size }, (_, index) =>
    startMember(subject, open, `host-${index}`, options),
  );
  const isReady = ({ seen }: Member): boolean => seen.some(({ type }) => type === "ready");
  try {
    await until(() => members.every(isReady), "every process was ready", START_MS);
  } catch (error) {
    await endFleet(members);
    throw error;
  }
  return members;
}

function startMember({ kind, where }: StoreSubject, open: string, host: string, options: object): Member {
  const script = fileURLToPath(new URL("./member.mjs", import.meta.url));
  const child = fork(script, [kind, where, open, JSON.stringify(options)], {
    env: { ...process.env, HOST_NAME: host },
    execArgv: [],
  });
  const seen: Seen[] = [];
  const waiting = new Map<number, (answer: never) => void>();
  let asked = 0;
  child.on("message", (message: { answer?: number } & Seen) => {
    if (message.answer === undefined) seen.push(message);
    else waiting.get(message.answer)?.(message as never);
  });
  return {
    child,
    seen,
    ask(order, details = {}) {
      const id = ++asked;
      child.send({ id, order, ...details });
      return new Promise((resolve) => waiting.set(id, resolve));
    },
  };
}

/** Ends the processes of a fleet that still run. */
export async function endFleet(members: readonly Member[]): Promise<void> {
  await Promise.all(
    members.map(async ({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    }),
  );
}

/** Waits for a condition, within a deadline. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it took more than ${withinMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;
