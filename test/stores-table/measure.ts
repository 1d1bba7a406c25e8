import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createFailfast } from "../../src/index.js";
import type { Store } from "../../src/options/store.js";
import type { Place } from "./subjects.js";

const CIRCUITS = 60;
const REACHES_WITHIN = 20_000;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A store in one process. */
export async function open(place: Place, prefix: string): Promise<{ store: Store; close(): Promise<void> }> {
  const { open: opened } = (await import(script("open.mjs"))) as { open(at: object): Promise<never> };
  return opened({ ...place, prefix });
}

async function startMember(place: Place, prefix: string, names: readonly string[]): Promise<ChildProcess> {
  const args = [{ ...place, prefix }, names].map((each) => JSON.stringify(each));
  const member = fork(script("member.mjs"), args, { execArgv: [] });
  const ended = once(member, "exit").then(([code]) => {
    throw new Error(`a process of the fleet ended with exit code ${code} before it was ready: see above`);
  });
  await Promise.race([once(member, "message"), ended]);
  return member;
}

async function end(member: ChildProcess): Promise<void> {
  member.kill("SIGKILL");
  await once(member, "exit");
}

/** How long many trips took to reach another process, in ms, sorted. */
export async function reach(place: Place): Promise<number[]> {
  const names = Array.from({ length: CIRCUITS }, (_, at) => `circuit ${at}`);
  const member = await startMember(place, "reach", names);
  const { store, close } = await open(place, "reach");
  const failfast = createFailfast({ store, timeout: 600 });
  await failfast.ready();
  const began = new Map<string, number>();
  const took: number[] = [];
  member.on("message", ({ opened, at }: { opened: string; at: number }) => {
    took.push(at - (began.get(opened) ?? Number.NaN));
  });
  for (const name of names) {
    await pause(50 + 100 * Math.random());
    began.set(name, performance.timeOrigin + performance.now());
    await failfast(name).trip();
  }
  const deadline = Date.now() + REACHES_WITHIN;
  while (took.length < CIRCUITS && Date.now() < deadline) await pause(20);
  await failfast.close();
  await close();
  await end(member);
  if (took.length < CIRCUITS)
    throw new Error(`only ${took.length} of ${CIRCUITS} trips reached the other process`);
  return took.sort((a, b) => a - b);
}

export interface Operations {
  readonly idle: number;
  readonly loaded: number;
  /** The calls made meanwhile. */
  readonly calls: number;
}

/** What one process asks of its store in a minute, with one closed circuit: without calls, and with calls. */
export async function count(place: Place, seconds: number, callsPerSecond: number): Promise<Operations> {
  const member = await startMember(place, "count", ["shop"]);
  const asked = async (calls: number): Promise<{ operations: number; calls: number }> => {
    member.send({ seconds, callsPerSecond: calls });
    const [answer] = await once(member, "message");
    return answer;
  };
  const idle = await asked(0);
  const loaded = await asked(callsPerSecond);
  await end(member);
  const aMinute = (operations: number): number => Math.round((operations * 60) / seconds);
  return { idle: aMinute(idle.operations), loaded: aMinute(loaded.operations), calls: loaded.calls };
}

/** Whether a value survives a restart of the server. */
export async function survives(place: Place, restart: () => Promise<unknown>): Promise<boolean> {
  const before = await open(place, "survives");
  await before.store.set("kept", "value", 600_000);
  await before.close();
  await restart();
  for (const deadline = Date.now() + REACHES_WITHIN; ; ) {
    const after = await open(place, "survives");
    try {
      return (await after.store.get("kept")) === "value";
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(200);
    } finally {
      await after.close();
    }
  }
}
