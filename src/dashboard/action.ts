import { type Action, LONGEST_FOR_MS, LONGEST_REASON, MOST_CIRCUITS, type Verb } from "./messages.js";

const VERBS: readonly unknown[] = ["trip", "reset", "hold", "release"] satisfies Verb[];
/** Names can be long, up to 10 000 characters. */
const LONGEST_BODY = 262_144;

/** Reads an action from the body of a request. Returns a sentence if it isn't one. */
export async function readAction(request: Request): Promise<Action | string> {
  const text = await readText(request);
  if (text === undefined) return `the body is longer than ${LONGEST_BODY} bytes`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "the body is not JSON";
  }
  return checked(value);
}

function checked(value: unknown): Action | string {
  if (typeof value !== "object" || value === null) return "the body is not an action";
  const { verb, circuit, others = [], reason, holds, forMs } = value as Record<keyof Action, unknown>;
  if (!VERBS.includes(verb)) return "verb takes trip, reset, hold or release";
  if (typeof circuit !== "string") return "circuit takes a name";
  if (!Array.isArray(others) || others.some((each) => typeof each !== "string"))
    return "others takes a list of names";
  if (others.length >= MOST_CIRCUITS) return `an action is about ${MOST_CIRCUITS} circuits at most`;
  if (typeof reason !== "string" || reason.trim() === "") return "give a reason: the others read it";
  if (reason.length > LONGEST_REASON) return `reason takes at most ${LONGEST_REASON} characters`;
  if (verb === "hold" ? holds !== "open" && holds !== "closed" : holds !== undefined)
    return "holds takes open or closed, with hold alone";
  if (forMs !== undefined) {
    if (verb !== "hold" && verb !== "trip") return "forMs goes with hold and trip alone";
    if (!(typeof forMs === "number" && forMs >= 1_000 && forMs <= LONGEST_FOR_MS))
      return "forMs takes 1 000 to 86 400 000, a day";
  }
  return { ...(value as Action), reason: reason.trim() };
}

async function readText(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LONGEST_BODY) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
