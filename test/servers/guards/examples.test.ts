import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const problem = (circuit: string): string =>
  `503 30 {"type":"about:blank","title":"Service Unavailable","status":503,"detail":"circuit \\"${circuit}\\" is open; the call was not made, retry in 30 s","circuit":"${circuit}","retryAfter":30}`;

/** The time that is left varies on a busy machine. */
const steady = (printed: string): string => printed.replace(/\b(2\d|31)\b/g, "30");

test.each([
  ["express", `500 null an error page of the app\n${problem("invoices")}\n`],
  [
    "fastify",
    `500 null {"statusCode":500,"error":"Internal Server Error","message":"the invoices of ann can't be read"}\n${problem("GET /invoices/:customer")}\n200 null orders\n`,
  ],
  ["koa", `500 null Internal Server Error\n${problem("invoices")}\n`],
  ["hono", `500 null an error page of the app\n${problem("invoices")}\n`],
])("examples/%s.mjs rejects the second request", (name, expected) => {
  const printed = execFileSync(process.execPath, [`examples/${name}.mjs`], { cwd: root, encoding: "utf8" });
  expect(steady(printed)).toBe(steady(expected));
});
