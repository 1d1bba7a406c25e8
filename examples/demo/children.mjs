// The processes of the demo: started, asked, listened to, and always ended.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const running = new Set();
let onDeath = () => {};

/** Calls back with a sentence when a child ends unexpectedly. */
export function watchDeaths(callback) {
  onDeath = callback;
}

/** Kills the children. Resolves when all have ended: until then they may write to their store. */
export async function endAll() {
  onDeath = () => {};
  const ends = [...running].map((child) => once(child, "exit"));
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(ends);
}

/** Starts a child, and waits until it serves. Returns its port, the events it sent, and a function that asks it. */
export function start(name, script, argument) {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(argument)]);
  running.add(child);
  child.once("exit", (code, signal) => {
    running.delete(child);
    onDeath(`${name} died (${signal ?? `exit code ${code}`}).`);
  });
  const waiting = new Map();
  const events = [];
  let asked = 0;
  const ask = (message = {}) =>
    new Promise((resolve) => {
      waiting.set(++asked, resolve);
      child.send({ id: asked, ...message }, () => {}); // The exit of a child is reported.
    });
  return new Promise((resolve) => {
    child.on("message", (message) => {
      if (message.port) resolve({ port: message.port, events, ask });
      else if (message.type) events.push(message);
      else waiting.get(message.answer)?.(message);
    });
  });
}
