// Measurements run in processes of their own, with a heap so large that no garbage collection falls into a round.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const HEAP = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

export async function inChild(file, args) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: HEAP });
  const [message] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`))),
  ]);
  child.kill();
  return message;
}

export const timed = (name, rounds, mode) => inChild("child.mjs", [name, String(rounds), mode]);
