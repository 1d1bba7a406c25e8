import { describe, expect, test } from "vitest";
import { walkCauses } from "./causes.js";

const code = ({ code }: { code?: unknown }): string | undefined =>
  typeof code === "string" ? code : undefined;
const coded = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code });

describe("the causes of an error", () => {
  test("are searched from the outside in", () => {
    expect(walkCauses(coded("outer", coded("inner")), code)).toBe("outer");
    expect(walkCauses(new Error("x", { cause: new Error("y", { cause: coded("z") }) }), code)).toBe("z");
  });

  test("include the errors of an AggregateError, before its cause", () => {
    const several = new AggregateError([new Error("a"), coded("b")], "all", { cause: coded("c") });
    expect(walkCauses(several, code)).toBe("b");
    expect(walkCauses(new AggregateError([new Error("a")], "all", { cause: coded("c") }), code)).toBe("c");
    expect(walkCauses(new Error("x", { cause: several }), code)).toBe("b");
  });

  test("are none for a value that is no object, and for an error without them", () => {
    for (const thing of [undefined, null, 0, "text", Symbol("s"), () => 1, new Error("x")])
      expect(walkCauses(thing, code)).toBe(undefined);
    expect(walkCauses(new Error("x", { cause: "text" }), code)).toBe(undefined);
  });

  test("include no errors if `errors` is no list, or empty", () => {
    for (const errors of ["text", { 0: coded("a") }, [], 5])
      expect(walkCauses({ errors, cause: coded("b") }, code)).toBe("b");
  });

  test("end, even if they form a cycle", () => {
    const one = new Error("one") as Error & { cause: unknown };
    one.cause = new Error("two", { cause: one });
    expect(walkCauses(one, code)).toBe(undefined);
    const several = new AggregateError([], "itself");
    several.errors.push(several, coded("a"));
    expect(walkCauses(several, code)).toBe("a");
    const dense: AggregateError[] = [];
    for (let n = 0; n < 100; n++) dense.push(new AggregateError(dense, "all of them"));
    let looks = 0;
    walkCauses(dense[0], () => void looks++);
    expect(looks).toBeLessThan(32 * 33);
  });

  test("are searched to a depth of 32", () => {
    let deep: unknown = coded("deep");
    for (let n = 0; n < 31; n++) deep = new Error("wrap", { cause: deep });
    expect(walkCauses(deep, code)).toBe("deep");
    expect(walkCauses({ cause: { cause: deep } }, code)).toBe(undefined);
  });

  test("are found behind an error that can't be read", () => {
    const unreadable = (field: string, more: object): object =>
      Object.defineProperty({ ...more }, field, {
        get() {
          throw new Error("of the getter");
        },
      });
    expect(walkCauses(unreadable("code", { cause: coded("a") }), code)).toBe("a");
    expect(walkCauses(unreadable("errors", { cause: coded("a") }), code)).toBe("a");
    expect(walkCauses(unreadable("cause", { errors: [coded("a")] }), code)).toBe("a");
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(walkCauses(proxy, code)).toBe(undefined);
    expect(walkCauses(new AggregateError([proxy, coded("a")]), code)).toBe("a");
  });
});

describe("an error that stands for several", () => {
  const all = (found: readonly (string | undefined)[]): string | undefined =>
    found.every((each) => each === "a") ? "a" : found.find((each) => each !== undefined) && "mixed";

  test("is judged by all of them, not by its own fields", () => {
    expect(walkCauses(new AggregateError([coded("a"), coded("a")]), code, all)).toBe("a");
    const mixed = Object.assign(new AggregateError([coded("a"), coded("b")]), { code: "a" });
    expect(walkCauses(mixed, code, all)).toBe("mixed");
    expect(walkCauses(new Error("x", { cause: mixed }), code, all)).toBe("mixed");
    expect(walkCauses(new AggregateError([coded("a"), new AggregateError([coded("a")])]), code, all)).toBe(
      "a",
    );
  });

  test("is judged by each of them once", () => {
    const wrapper = new Error("x", { cause: coded("a") });
    expect(walkCauses(new AggregateError([wrapper, wrapper]), code, all)).toBe("a");
    const itself = new AggregateError([coded("a")]);
    itself.errors.push(itself);
    expect(walkCauses(itself, code, all)).toBe("a");
  });

  test("is judged by itself and its cause if its list decides nothing", () => {
    const list = { errors: [{ message: "m" }] };
    expect(walkCauses(Object.assign(coded("b"), list), code, all)).toBe("b");
    expect(walkCauses(Object.assign(new Error("x", { cause: coded("b") }), list), code, all)).toBe("b");
  });

  test("is judged like any other error if its list is empty", () => {
    expect(walkCauses(Object.assign(new AggregateError([]), { code: "a" }), code, all)).toBe("a");
  });
});
