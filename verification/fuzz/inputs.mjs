// Values that a store may return and names of circuits: records changed in one to four places, and noise.

const STATES = ["closed", "open", "half-open", "released", "ajar", "", "OPEN", "__proto__"];
const ODD = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  1.5,
  32,
  33,
  64,
  65,
  256,
  257,
  1e6,
  1e6 + 1,
  2 ** 31,
  2 ** 42,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  "",
  "0",
  "x",
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(256),
  "x".repeat(257),
  "é".repeat(100),
  "\ud800",
  "\u0000",
  "constructor",
  [],
  [[]],
  [null],
  [{}],
  {},
  { length: 3 },
  { host: "h", until: 1 },
  [{ host: "h", until: 1 }],
  [{ host: "", until: 1 }],
  [{ host: "h", until: -1 }],
  [{ host: 1, until: "1" }],
  Array.from({ length: 32 }, (_, n) => ({ host: `h${n}`, until: n })),
  Array.from({ length: 33 }, (_, n) => ({ host: `h${n}`, until: n })),
];
/** Text that JSON.stringify would never write. */
const NUMBERS = [
  "1e400",
  "-1e400",
  "1E3",
  "0.0",
  "-0",
  "1e-400",
  "9007199254740993",
  "01",
  "0x10",
  "NaN",
  "+1",
  ".",
];
const NOISE = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "\\",
  "\n",
  "\u0000",
  "\u2028",
  "é",
  "\ud83d",
  "null",
  "1",
  " ",
];
const KEYS = ["__proto__", "constructor", "toJSON", "length", "extra", "V", "state ", "votes"];

export function inputs(random, now) {
  const below = (n) => Math.floor(random() * n);
  const pick = (from) => from[below(from.length)];
  const time = () => now + below(200_000) - 100_000;

  function aRecord() {
    const revision = Math.max(1, time());
    const common = { v: 1, revision, nonce: random().toString(36).slice(2) || "n", by: "host/1", at: now };
    const state = pick(STATES.slice(0, 4));
    if (random() < 0.2) return { ...common, state, until: time(), duration: below(60_000) };
    return {
      ...common,
      generation: revision - below(2),
      state,
      until: time(),
      duration: below(600_000),
      reason: "Error",
      owner: state === "half-open" ? "host/1/abc" : "",
      lapsed: below(4),
      passed: below(3),
      reopens: below(5),
      manual: random() < 0.2,
      votes: Array.from({ length: below(4) }, (_, n) => ({ host: `h${n}`, until: time() })),
    };
  }

  /** A record whose fields are removed, damaged, exchanged or joined by others. */
  function changedFields(record) {
    const keys = Object.keys(record);
    const one = pick(keys);
    switch (below(6)) {
      case 0:
        delete record[one];
        break;
      case 1:
        record[pick(KEYS)] = pick(ODD);
        break;
      case 2:
        record[one] = record[pick(keys)];
        break;
      case 3:
        record.state = pick(STATES);
        break;
      case 4:
        if (typeof record[one] === "number") record[one] += pick([-1, 0.5, 1, 2 ** 42, 2 ** 53]);
        else record[one] = pick(ODD);
        break;
      default:
        record[one] = pick(ODD);
    }
  }

  /** The record's text, with a number, a piece or a few characters damaged. */
  function changedText(text) {
    const at = below(text.length + 1);
    switch (below(7)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + pick(NOISE) + text.slice(at);
      case 2:
        return text.slice(0, at) + String.fromCharCode(below(0x10000)) + text.slice(at + 1);
      case 3:
        return text.replace(/:\d+/, `:${pick(NUMBERS)}`);
      case 4:
        return text.slice(0, -1) + text.slice(1).replace(/^/, ",");
      case 5:
        return text + text;
      default:
        return text.slice(0, at) + text.slice(below(text.length + 1));
    }
  }

  const noise = () => Array.from({ length: below(40) }, () => pick(NOISE)).join("");
  const character = () =>
    random() < 0.5 ? String.fromCharCode(below(0x80)) : String.fromCharCode(below(0x10000));

  return {
    /** A value that a store may have under a circuit's key. */
    value() {
      const kind = random();
      if (kind < 0.05) return noise();
      if (kind < 0.06) return pick(["[", '{"a":', '"']).repeat(below(3_000));
      const record = aRecord();
      if (kind < 0.7) for (let changes = below(4); changes >= 0; changes--) changedFields(record);
      let text = JSON.stringify(record);
      if (kind > 0.65 && kind < 0.95)
        for (let changes = below(3); changes >= 0; changes--) text = changedText(text);
      return text;
    },
    name() {
      const length = random() < 0.9 ? below(12) : below(400);
      return Array.from({ length }, character).join("");
    },
  };
}
