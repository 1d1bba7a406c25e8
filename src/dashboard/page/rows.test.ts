import { describe, expect, test } from "vitest";
import { circuitOf } from "../fleet.fixture.js";
import { countsOf, type Row, rowsOf, type Wanted } from "./rows.js";

const fleet = [
  circuitOf("billing_api", { state: "open", reason: "5 failures", by: "web-1/7" }),
  circuitOf("billing_database"),
  circuitOf("mail:smtp", { held: "closed", reason: "ask Maria" }),
  circuitOf("mail:web", { state: "open", held: "open" }),
  circuitOf("plain", {
    state: "half-open",
    processes: [{ id: "web-1/7", state: "open", disagrees: "other settings" }],
  }),
];
const told = (wanted: Partial<Wanted>): string[] =>
  rowsOf(fleet, { query: "", filter: "all", grouping: "none", ...wanted }).map((row: Row) =>
    row.kind === "group" ? `${row.title} ${row.count}` : row.circuit.name,
  );

describe("the rows of the list", () => {
  test("are sorted with what needs attention first", () => {
    expect(told({ grouping: "state" })).toEqual([
      "Open 1",
      "billing_api",
      "Held open 1",
      "mail:web",
      "Half-open 1",
      "plain",
      "Held closed 1",
      "mail:smtp",
      "Closed 1",
      "billing_database",
    ]);
  });

  test("are grouped by the first word of the circuit's name", () => {
    expect(told({ grouping: "prefix" }).filter((each) => / \d$/.test(each))).toEqual([
      "billing 2",
      "mail 2",
      "Others 1",
    ]);
  });

  test("match the search if the name, reason or operator has every word", () => {
    expect(told({ query: "  API billing " })).toEqual(["billing_api"]);
    expect(told({ query: "maria" })).toEqual(["mail:smtp"]);
    expect(told({ query: "web-1/7" })).toEqual(["billing_api"]);
    expect(told({ query: ".*" })).toEqual([]);
  });

  test("are filtered by the state that calls find, in which a hold counts first", () => {
    expect(told({ filter: "open" })).toEqual(["billing_api", "mail:web"]);
    expect(told({ filter: "held" })).toEqual(["mail:smtp", "mail:web"]);
    expect(told({ filter: "disagree" })).toEqual(["plain"]);
    expect(countsOf(fleet)).toEqual({ all: 5, open: 2, "half-open": 1, held: 2, disagree: 1, closed: 2 });
  });
});
