import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endProcess, isRunning } from "../end-process.js";

export interface Seen {
  readonly type: string;
  readonly local?: boolean;
  readonly at: number;
}

/** A process of the fleet, seen from its parent. */
export interface Member {
  readonly child: ChildProcess;
  readonly seen: Seen[];
  /** It was told to end, and serves no other fleet. */
  readonly ending: boolean;
  /** Rejects if the process is over before it answers. */
  ask(order: string, details?: object): Promise<Record<string, unknown>>;
}

interface Waiting {
  resolve(answer: Record<string, unknown>): void;
  reject(error: Error): void;
}

export interface StoreSubject {
  readonly kind: "file" | "redis" | "postgres";
  readonly where: string;
  /** The fleet's own, in a Redis that others use as well. */
  readonly prefix?: string;
}

/** Ten processes start at once, which takes a while on a busy machine. */
const START_MS = 90_000;
const LEAVE_MS = 10_000;

/** Processes that belong to no fleet now: to start one takes longer than most of what a test does with it. */
const idle: Member[] = [];

/** Returns a number of processes on one store, when each has read it. */
export async function startFleet(
  subject: StoreSubject,
  size: number,
  open: string,
  options: object = {},
): Promise<Member[]> {
  const members = Array.from({ length: size }, () => takeIdle() ?? startProcess());
  try {
    const joined = members.map((member, index) => {
      member.seen.length = 0;
      return member.ask("join", { ...subject, open, options, host: `host-${index}` });
    });
    await within(START_MS, "every process was ready", Promise.all(joined));
  } catch (error) {
    await kill(members);
    throw error;
  }
  return members;
}

/** One that died meanwhile is left out. */
function takeIdle(): Member | undefined {
  let member = idle.pop();
  while (member !== undefined && !isRunning(member.child)) member = idle.pop();
  return member;
}

function startProcess(): Member {
  const child = fork(fileURLToPath(new URL("./member.mjs", import.meta.url)), { execArgv: [] });
  const seen: Seen[] = [];
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let ending = false;
  child.on("message", (message: { answer?: number } & Seen) => {
    if (message.answer === undefined) seen.push(message);
    else waiting.get(message.answer)?.resolve({ ...message });
  });
  child.on("exit", (code, signal) => {
    for (const { reject } of waiting.values())
      reject(new Error(`a process of the fleet ended (${signal ?? code}) before it answered`));
  });
  return {
    child,
    seen,
    get ending() {
      return ending;
    },
    ask(order, details = {}) {
      const id = ++asked;
      ending ||= order === "end";
      return new Promise<Record<string, unknown>>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        // To a process that is over, nothing can be sent.
        child.send({ id, order, ...details }, (error) => {
          if (error) reject(error);
        });
      }).finally(() => waiting.delete(id));
    },
  };
}

/** The processes of a fleet that still run leave its store, and wait for the next fleet. */
export async function endFleet(members: readonly Member[]): Promise<void> {
  await Promise.all(
    members
      .filter(({ child }) => isRunning(child))
      .map(async (member) => {
        if (member.ending) return kill([member]);
        try {
          await within(LEAVE_MS, "it had left", member.ask("leave"));
          idle.push(member);
        } catch {
          await kill([member]);
        }
      }),
  );
}

/** After the last test of a file. */
export const endProcesses = (): Promise<void> => kill(idle.splice(0));

async function kill(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(({ child }) => endProcess(child)));
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${ms} ms until ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
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
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;
