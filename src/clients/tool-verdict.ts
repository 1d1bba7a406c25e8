import type { Verdict } from "../call/call-policy.js";
import { type Cause, walkCauses } from "../errors/causes.js";

/** What an error thrown by a tool means for its circuit. */
export const verdictOfTool = (error: unknown): Verdict => walkCauses(error, verdictOfOne) ?? "failure";

function verdictOfOne(error: Cause): Verdict | undefined {
  if (error["is_bubble_up"] === true || OF_THE_INPUT.test(String(error["message"]))) return "neither";
  const { status, statusCode, response } = error as {
    status?: unknown;
    statusCode?: unknown;
    response?: { status?: unknown } | null;
  };
  const of = [status, statusCode, response?.status].find((each) => typeof each === "number");
  if (typeof of !== "number") return undefined;
  return of >= 400 && of < 500 && of !== 408 && of !== 429 ? "success" : "failure";
}

/** LangChain.js's message for an input that does not fit the tool's schema: the tool was not called. */
const OF_THE_INPUT = /^Received tool input did not match expected schema/;
