import { expect, test } from "vitest";
import { withAdvice } from "./advice.js";

const ADVICE = { "25006": "give the store the primary", "1146": "run store.migrate()" };

test.each([
  ["PostgreSQL", { code: "25006" }, "no: give the store the primary"],
  ["MySQL", { code: "ER_NO_SUCH_TABLE", errno: 1146 }, "no: run store.migrate()"],
])(
  "an error of %s says what to do, keeps its code, and has the original as its cause",
  (_, fields, message) => {
    const error = Object.assign(new Error("no"), fields);
    expect(withAdvice(error, ADVICE)).toMatchObject({ message, code: fields.code, cause: error });
  },
);

test.each([
  new Error("no"),
  Object.assign(new Error("no"), { code: "ECONNREFUSED", errno: -111 }),
  "no",
  undefined,
])("%s is passed on unchanged", (error) => {
  expect(withAdvice(error, ADVICE)).toBe(error);
});
