// Gives mutants to a few worker processes, and replaces a worker that hangs: a mutant may make an infinite loop.
import { fork } from "node:child_process";
import { cpuTimeMs } from "./cpu-time.mjs";

/** The time limit of the tests without a mutant. */
const DRY_MS = 600_000;

/**
 * Starts a worker for the script of a room. `times`: what each of its tests takes, in ms. `patienceMs`: a worker hangs
 * that computes for so long, and ten times what the test takes, and says nothing.
 */
export function startWorker({ script, times = [], patienceMs = 0 }) {
  const child = fork(new URL("worker.mjs", import.meta.url), {
    execArgv: ["--disable-warning=FAILFAST_STORE"],
    env: { ...process.env, FAILFAST_TEST_RUNS: "few" },
  });
  // It says so once it runs: a process that starts slowly does not hang.
  const ready = new Promise((resolve) => child.once("message", resolve).once("exit", resolve));
  child.send({ script, times, patienceMs });
  return {
    end: () => child.kill("SIGKILL"),
    /** Its answer, or `undefined` if it hangs or has ended. */
    async ask(question) {
      await ready;
      const limitOf = (test) => patienceMs + 10 * (times[test] ?? 0);
      return answerOf(child, question, question.dry ? () => DRY_MS : limitOf);
    },
  };
}

/** Without a message the worker may use the processor for so long, and wait for it and for itself ten times as long. */
const answerOf = (child, question, limitOf) =>
  new Promise((resolve) => {
    let limitMs;
    let heardAt;
    let cpuAt;
    const answered = (answer) => {
      clearInterval(watch);
      child.off("message", heard).off("exit", gone);
      resolve(answer);
    };
    const gone = () => answered(undefined);
    const goOn = (test) => {
      limitMs = limitOf(test);
      heardAt = performance.now();
      cpuAt = cpuTimeMs(child.pid);
    };
    // It tells of each test before it runs it.
    const heard = (message) => (message.test === undefined ? answered(message) : goOn(message.test));
    const look = () => {
      const hangs = cpuTimeMs(child.pid) - cpuAt > limitMs || performance.now() - heardAt > 10 * limitMs;
      if (hangs) gone();
    };
    const watch = setInterval(look, 200);
    child.on("message", heard).once("exit", gone);
    goOn();
    child.send(question, (error) => error && gone());
  });

/** Tries each question in one of `count` workers, and passes each answer on. */
export async function askAll(questions, count, room, answered) {
  const waiting = questions.values();
  const work = async () => {
    let worker;
    // Each worker takes the next one from the same iterator.
    for (const question of waiting) {
      worker ??= startWorker(room);
      const answer = await worker.ask(question);
      answered(answer ?? { id: question.id, killed: true, hung: true, by: "no answer" });
      if (answer === undefined || answer.spent) {
        worker.end();
        worker = undefined;
      }
    }
    worker?.end();
  };
  await Promise.all(Array.from({ length: Math.min(count, questions.length) }, work));
}
