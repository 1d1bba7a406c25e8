import { isModelFailure } from "failfast/ai";
import { failfastFetch } from "failfast/fetch";

// No access, no credit, a used-up quota, too many calls: another provider may answer.
const FAILURES = [401, 402, 403, 408, 429];

/** For `new OpenAI({ fetch, maxRetries: 0 })` and `new Anthropic({ fetch, maxRetries: 0 })`: a circuit for each origin. */
export const fetch = failfastFetch({
  timeout: "1m",
  results: ({ status }) => status >= 500 || FAILURES.includes(status),
  callTimeout: "20s", // until the answer begins
  body: true,
  idleTimeout: "15s", // the longest silence in the answer
});

/** Asks one provider after another, while they fail and the caller waits. */
export async function firstAnswer(asks, signal) {
  let failure;
  for (const ask of asks) {
    try {
      return await ask(signal);
    } catch (error) {
      if (signal?.aborted || !isModelFailure(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Waits for the first words of a stream, because until then the next provider can be asked. */
export async function begun(stream) {
  const parts = (await stream)[Symbol.asyncIterator]();
  const ahead = [];
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    ahead.push(next.value);
    if (hasWords(next.value)) break;
  }
  return (async function* () {
    yield* ahead;
    yield* { [Symbol.asyncIterator]: () => parts };
  })();
}

/** Both providers announce an answer before they give it: OpenAI by its role, the others by types of events. */
const hasWords = ({ type, choices = [] }) =>
  type === undefined
    ? choices.some(({ delta, finish_reason }) => finish_reason || hasMoreThanRole(delta))
    : !/_start$|^ping$|^response\.(created|queued|in_progress|.*\.added)$/.test(type);

/** A text, a refusal, a thought, a call of a tool; Azure also sends parts without `delta`. */
const hasMoreThanRole = (delta) =>
  Object.entries(delta ?? {}).some(([field, words]) => field !== "role" && words && words.length !== 0);
