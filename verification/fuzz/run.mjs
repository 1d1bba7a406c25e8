// Whatever a store says and however a circuit is called: nothing throws. node verification/fuzz/run.mjs [--inputs N] [--seed S]
import { parseArgs } from "node:util";
import { standingOf } from "../../build/breaker/reducer/standing.js";
import { INITIAL } from "../../build/breaker/reducer/state.js";
import { decodeCircuit, decodeHold, encode } from "../../build/protocol/codec.js";
import { encodeName } from "../../build/protocol/key.js";
import { compare } from "../../build/protocol/merge.js";
import { createFailfast, isFailfastError } from "../../dist/index.js";
import { chanceOf } from "../simulation/time.mjs";
import { inputs } from "./inputs.mjs";

const { values } = parseArgs({
  options: { inputs: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const many = Number(values.inputs);
const NOW = 1_800_000_000_000;
const OWN = { settings: { recovery: "probe", scope: "fleet", mode: "enforce" }, owner: "me" };
const given = inputs(chanceOf(Number(values.seed)), NOW);
const began = performance.now();
const wrong = [];
process.removeAllListeners("warning");
process.on("unhandledRejection", (error) => wrong.push(`a rejection is unhandled: ${error}`));

/** Returns what is wrong with an input. */
function attempt(input, what) {
  if (wrong.length >= 10) return;
  try {
    const complaint = what(input);
    if (complaint) wrong.push(`${complaint}: ${JSON.stringify(input).slice(0, 300)}`);
  } catch (error) {
    wrong.push(`it throws ${error}: ${JSON.stringify(input).slice(0, 300)}`);
  }
}

let last;
const accepted = { circuits: 0, holds: 0 };

/** An accepted record is within its bounds, is written as it was read, and has its place in the order of records. */
function decoded(raw) {
  for (const [decode, kind, states] of [
    [decodeCircuit, "circuits", ["closed", "open", "half-open"]],
    [decodeHold, "holds", ["closed", "open", "released"]],
  ]) {
    const record = decode(raw, NOW);
    if (record === undefined) continue;
    accepted[kind]++;
    const {
      v,
      revision,
      generation = 0,
      nonce,
      until,
      duration,
      by,
      reason,
      at,
      votes = [],
      owner = "",
    } = record;
    const sound =
      v === 1 &&
      states.includes(record.state) &&
      Number.isSafeInteger(revision) &&
      revision >= 1 &&
      revision <= NOW + 2 ** 42 &&
      Number.isSafeInteger(generation) &&
      generation <= revision &&
      [until, duration, at].every((time) => time >= 0 && time <= Number.MAX_SAFE_INTEGER) &&
      duration <= 366 * 24 * 3_600_000 &&
      [nonce, by, reason, owner].every((text) => typeof text === "string" && text.length <= 256) &&
      votes.length <= 32 &&
      votes.every(({ host, until: end }) => host.length >= 1 && host.length <= 64 && end >= 0);
    if (!sound) return "what is accepted is out of bounds";
    const written = encode(record);
    const again = decode(written, NOW);
    if (again === undefined || encode(again) !== written) return "what is written is not what was read";
    const entry = { raw, record, deadline: NOW };
    if (last && Math.sign(compare(entry, last)) !== -Math.sign(compare(last, entry)))
      return "it has no place";
    last = entry;
    if (kind === "circuits") standingOf({ ...INITIAL, record: entry }, NOW, OWN);
  }
  return undefined;
}

const names = new Map();
function named(name) {
  const key = encodeName(name);
  if (!/^[A-Za-z0-9_.%~-]{1,160}$/.test(key)) return "a key has characters of the name's";
  if ((names.get(key) ?? name) !== name) return "two names have one key";
  names.set(key, name);
  return undefined;
}

/** The whole library with listeners: an input is obeyed or ignored, and never fails a call. */
let push;
const store = {
  get: () => null,
  set: () => undefined,
  delete: () => undefined,
  swap: (_key, _expect, value) => ({ ok: true, value }),
  list: () => [],
  watch: (_prefix, on) => {
    push = on.change;
    return { [Symbol.asyncDispose]: async () => undefined };
  },
};
const failfast = createFailfast({ store });
const circuit = failfast("c", 60);
const call = circuit(() => "ok");
call();
await failfast.ready();
function heard(value) {
  push({ key: "circuit:c", value });
  push({ key: "hold:c", value });
  push({ key: value, value });
  try {
    if (call() !== "ok") return "a call gave something else";
  } catch (error) {
    if (!isFailfastError(error)) throw error;
  }
  return undefined;
}

for (let n = 0; n < many && wrong.length < 10; n++) {
  const value = given.value();
  attempt(value, decoded);
  attempt(value, heard);
  attempt(given.name(), named);
}
await failfast.close();
for (const each of wrong) console.log(each);
const took = ((performance.now() - began) / 1_000).toFixed(0);
console.log(
  `${many} values (${accepted.circuits} read as circuits, ${accepted.holds} as holds) and ${many} names (${names.size} distinct) in ${took} s: ${wrong.length} wrong`,
);
process.exitCode = wrong.length === 0 && accepted.circuits > 0 && accepted.holds > 0 ? 0 : 1;
