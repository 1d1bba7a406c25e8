import { same } from "./error.js";
import { type Cases, type Fixture, LONG_MS } from "./fixture.js";

/** Longer than a PostgreSQL notification, a page or a packet. */
export const BIG_VALUE: string = "0123456789".repeat(10_240);

const UNICODE = [
  "é",
  "e\u0301",
  "你好",
  "😀",
  "שלום",
  "\u2028\u2029",
  "\ufeffafter a byte order mark",
  "ß ſ İ ı",
];
const SIGNS = [
  "one\ntwo\r\nthree\rfour\n",
  "\ttabs\tand spaces  ",
  "  ",
  `"double", 'single', \`back\``,
  "\\ back\\slashes \\n \\\\",
  "'; DROP TABLE records; -- $1 :name ? %s",
  "END\r\nVALUE a 0 1\r\n+OK\r\n$-1\r\n",
];
const LOOKALIKES = [
  "1",
  "01",
  "1.0",
  "1e3",
  "-0",
  "0x10",
  "12345678901234567890",
  "true",
  "null",
  "undefined",
  "NaN",
];
const JSON_TEXTS = [
  '{"v":1,"s":"open","u":1767225600000}',
  '{ "spaced" : [ 1,2 ] }',
  "[]",
  "{}",
  '"string"',
  '{"a":"\\u0000"}',
];

/** Values are opaque: any text without NUL and lone surrogates comes back unchanged. */
export const valueCases: Cases = {
  "values: the empty string is a value": (fixture) => comeBack(fixture, [""]),

  "values: text in any script, in its own normal form": (fixture) => comeBack(fixture, UNICODE),

  "values: line ends, spaces, quotes, backslashes and commands": (fixture) => comeBack(fixture, SIGNS),

  "values: JSON stays the text it is": (fixture) => comeBack(fixture, JSON_TEXTS),

  "values: text that looks like a number or a word of the language stays text": (fixture) =>
    comeBack(fixture, LOOKALIKES),

  "values: 100 kB": (fixture) => comeBack(fixture, [BIG_VALUE]),
};

/** The same values, through the method that also compares them. */
export const valueSwapCases: Cases = {
  "swap: takes and compares every value that set takes": async ({ here, there, key }) => {
    let stored: string | null = null;
    for (const value of ["", ...UNICODE, ...SIGNS, ...JSON_TEXTS, ...LOOKALIKES]) {
      const result = await here.swap(key("a"), stored, value, LONG_MS);
      same("swap", result.ok, true, "as ok, where what is stored was expected");
      same("swap", result.value, value, "as the value stored now");
      same("get", await there.get(key("a")), value, "after swapping it in");
      stored = value;
    }
  },

  "swap: takes and compares 100 kB": async ({ here, key }) => {
    await here.set(key("a"), `${BIG_VALUE}1`, LONG_MS);
    same(
      "swap",
      (await here.swap(key("a"), `${BIG_VALUE}2`, "x", LONG_MS)).ok,
      false,
      "where the last byte differs",
    );
    const result = await here.swap(key("a"), `${BIG_VALUE}1`, `${BIG_VALUE}3`, LONG_MS);
    same("swap", result.ok, true, "as ok, where what is stored was expected");
    same("get", await here.get(key("a")), `${BIG_VALUE}3`, "after swapping it in");
  },
};

async function comeBack({ here, there, key }: Fixture, values: readonly string[]): Promise<void> {
  for (const value of values) {
    await here.set(key("a"), value, LONG_MS);
    same("get", await there.get(key("a")), value, "after setting it");
  }
}
