// The settings that a reader may change, and the code for them.
import { DEFAULTS } from "./fleet.mjs";

const plain = (value) => String(value);
const orOff = (unit) => (value) => (value === 0 ? "off" : `${value} ${unit}`);
const inSeconds = (value) => `${value} s`;

export const CHOICES = [
  {
    name: "backend",
    text: "In the outage the backend",
    values: [
      ["hangs", "hangs: every call times out after 1 s"],
      ["fails", "answers with an error at once"],
    ],
  },
  {
    name: "store",
    text: "Meanwhile the store",
    values: [
      ["works", "works, 2 ms away"],
      ["slow", "takes half a second"],
      ["down", "is down"],
      ["frozen", "never answers"],
    ],
  },
  {
    name: "rule",
    text: "It trips after",
    values: [
      ["consecutive", "failures in a row (consecutive)"],
      ["threshold", "failures in 10 s (threshold)"],
      ["failureRate", "half of 10 calls (failureRate)"],
    ],
  },
  {
    name: "recovery",
    text: "When the time is up",
    values: [
      ["probe", "one call of the fleet tries"],
      ["all", "every call tries, as in Python"],
    ],
  },
];

const slider = (name, text, min, max, step, show = plain) => ({ name, text, min, max, step, show });

export const SLIDERS = [
  slider("processes", "Processes", 1, 40, 1),
  slider("callsPerSecond", "Calls a second, each", 1, 10, 1),
  slider("outageSeconds", "The outage lasts", 5, 90, 5, inSeconds),
  slider("failures", "Failures to trip", 1, 10, 1),
  slider("open", "It stays open for", 2, 30, 1, inSeconds),
  slider("quorum", "Hosts that must agree (quorum)", 1, 10, 1),
  slider("slowCallMs", "A call is slow after (slowCall)", 0, 800, 100, orOff("ms")),
  slider("probes", "Probes that must succeed", 1, 5, 1),
  slider("factor", "Back-off factor", 1, 3, 0.5),
  slider("rampUp", "Ramp-up", 0, 30, 5, orOff("s")),
];

/** The settings as a reader would write them. */
export function written(settings, options) {
  const text = JSON.stringify({ ...options, callTimeout: options.callTimeout }, undefined, 1)
    .replace(/"(\w+)":/g, "$1:")
    .replace(/\n\s*/g, " ");
  return `failfast("sales_api", ${settings.open ?? DEFAULTS.open}, ${text})`;
}
