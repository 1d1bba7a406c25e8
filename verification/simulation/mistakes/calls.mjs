// Mistakes in what a call goes through, in the rules that its outcome meets, and in the public functions.

import { LOSSES } from "../checks/facts.mjs";

/** Where one of these comes, nobody can say how long the circuit was closed. */
const FORGET = [...LOSSES, "sleep"];

export const OF_CALLS = [
  {
    mistake: "a stalled process trips",
    file: "call/record-outcome.js",
    text: 'origin: stalled ? "stall" : origin',
    instead: 'origin: false ? "stall" : origin',
    plain: true,
    where: ({ events, options: { callTimeout, window } }) =>
      callTimeout && !window && events.some(({ what }) => what === "stall"),
  },
  {
    mistake: "the call's error is wrapped",
    file: "call/outcome-handlers.js",
    text: "recordThrown(calls, admission, error, undefined);\n        throw error;",
    instead:
      'recordThrown(calls, admission, error, undefined);\n        throw new Error("wrapped", { cause: error });',
    plain: true,
  },
  {
    mistake: "what is ignored is a failure",
    file: "call/call-policy.js",
    text: 'if (ignored !== undefined && ask("ignore", ignored, error, false))',
    instead: "if (false)",
    where: ({ ignores }) => ignores > 0,
  },
  {
    mistake: "a success does not end failures in a row",
    file: "policy/consecutive-policy.js",
    text: "failed ? this.#failures + 1 : 0",
    instead: "this.#failures + (failed ? 1 : 0)",
    where: ({ options, slow }) => options.consecutive > 0 && options.callTimeout === undefined && !slow,
  },
  {
    mistake: "failures in a row are not counted beside a rate",
    file: "policy/trip-rule.js",
    text: "if (this.#consecutive !== undefined)\n            reason ??= this.#consecutive.record(now, failed);",
    instead: "",
    where: ({ options }) => options.consecutive > 0 && options.failureRate > 0,
  },
  {
    mistake: "a rate trips without its threshold",
    file: "policy/trip-rule.js",
    text: " && failures >= threshold)",
    instead: ")",
    where: ({ options }) => options.threshold > 0 && options.failureRate > 0,
  },
  {
    mistake: "with all open the one that reopens last is asked",
    file: "api/first-available.js",
    text: "bySoonest.find(",
    instead: "bySoonest.findLast(",
    where: ({ firstAvailable }) => firstAvailable?.whenAllOpen === "try",
  },
  {
    mistake: "with all open the call is rejected all the same",
    file: "api/first-available.js",
    text: 'if (whenAllOpen === "try" && soonest !== undefined)',
    instead: "if (false)",
    where: ({ firstAvailable }) => firstAvailable?.whenAllOpen === "try",
  },
  {
    mistake: "a silent stream goes on",
    file: "call/silence.js",
    text: "this.#onSilent({ error, since });",
    instead: "",
    where: ({ kinds }) => kinds.includes("stream"),
  },
  {
    mistake: "a reader's own pause is silence",
    file: "call/silence.js",
    text: "rest() {\n        this.#since = undefined;",
    instead: "rest() {",
    where: ({ kinds }) => kinds.includes("stream"),
  },
  {
    mistake: "a silent stream is no failure",
    file: "call/stream.js",
    text: "recordFailure(guard, admission, error, true, this.#counted(), since);",
    instead: "guard.breaker.released(admission);",
    where: ({ kinds }) => kinds.includes("stream"),
  },
  {
    mistake: "a silent stream keeps its connection",
    file: "call/stream.js",
    text: "this.#deadline?.abort(error);",
    instead: "",
    where: ({ kinds }) => kinds.includes("stream"),
  },
  {
    mistake: "the back-off begins anew with each trip",
    file: "policy/open-time.js",
    text: "return closedForMs >= (settings.backoffForget || openMs);",
    instead: "return true;",
    where: ({ options }) => options.backoff !== undefined,
  },
  {
    mistake: "the back-off never begins anew",
    file: "policy/open-time.js",
    text: "return closedForMs >= (settings.backoffForget || openMs);",
    instead: "return false;",
    where: ({ options, events, tells, without, pace }) =>
      options.backoff?.forget === "2s" &&
      tells &&
      pace.kind === "busy" &&
      !without.includes("swap") &&
      !without.includes("list") &&
      !events.some(({ what }) => FORGET.includes(what)) &&
      events.filter(({ what }) => what === "backend").length > 1,
  },
];
