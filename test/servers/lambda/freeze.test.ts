import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { fileStore } from "../../../src/stores/file.js";
import { endProcesses } from "../end-process.js";
import { sharedFolder } from "../shared-folder.js";

const program = fileURLToPath(new URL("function.mjs", import.meta.url));

let folder: string;
let fleet: Failfast;
const functions: ChildProcess[] = [];
beforeEach(() => {
  folder = sharedFolder("lambda-");
  fleet = createFailfast({ store: fileStore(folder) });
});
afterEach(async () => {
  await endProcesses(functions);
  await fleet.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The process of a function, which runs only during an invocation. */
async function startFunction(): Promise<(event: object) => Promise<{ answer: string; calls: number }>> {
  const child = fork(program, [folder], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  functions.push(child);
  const gone = once(child, "exit").then(() => Promise.reject(new Error("the function has ended")));
  gone.catch(() => undefined);
  await Promise.race([once(child, "message"), gone]);
  child.kill("SIGSTOP");
  return async (event) => {
    child.kill("SIGCONT");
    child.send(event);
    const [answer] = await once(child, "message");
    child.kill("SIGSTOP");
    return answer;
  };
}

/** As long as a process may be between two requests. State that is less than two seconds old is new enough. */
const frozen = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3_000));

test("an invocation's trip reaches the fleet, although its process is frozen after its answer", async () => {
  const invoke = await startFunction();
  expect(await invoke({ down: true })).toEqual({ answer: "Error", calls: 1 });
  await fleet.ready();
  const records = await fleet.fleet();
  expect(records.map(({ name, state }) => [name, state])).toEqual([["sales_api", "open"]]);
});

test("a cold start, and a process that was frozen for seconds, know the fleet's state in their first call", async () => {
  const warm = await startFunction();
  expect(await warm({})).toEqual({ answer: "made", calls: 1 });
  const salesApi = fleet("sales_api", "60s");
  await salesApi.trip();
  await frozen();
  expect(await warm({})).toEqual({ answer: "FailfastError", calls: 1 });
  const cold = await startFunction();
  expect(await cold({})).toEqual({ answer: "FailfastError", calls: 0 });
  await salesApi.reset();
  await frozen();
  expect(await warm({})).toEqual({ answer: "made", calls: 2 });
});
