import { expect, test } from "vitest";
import { guardedObject } from "./guarded-object.js";

const replacing = <T extends object>(object: T): T =>
  guardedObject(object, (key) => (key === "query" ? () => "replaced" : undefined));

test.each([Object.freeze, Object.seal, Object.preventExtensions])(
  "%o: every field can be read, and replaced",
  (close) => {
    class Pool {
      readonly #secret = "own";
      query = (): string => "itself";
      nested = {};
      secret(): string {
        return this.#secret;
      }
    }
    const given = new Pool();
    close(given);
    const pool = replacing(given);
    expect(pool.query()).toBe("replaced");
    expect(pool.secret()).toBe("own");
    expect(pool.nested).toBe(given.nested);
    expect(Object.keys({ ...pool })).toEqual(["query", "nested"]);
    expect(pool).toBeInstanceOf(Pool);
    expect(() => Object.assign(pool, { more: 1 })).toThrow(TypeError);
  },
);

test("a method of a frozen object's class is replaced", () => {
  class Pool {
    query(): string {
      return "itself";
    }
  }
  expect(replacing(Object.freeze(new Pool())).query()).toBe("replaced");
});

test("an object that is frozen later can still be read", () => {
  const given = { query: () => "itself" };
  const pool = replacing(given);
  expect(pool.query()).toBe("replaced");
  Object.freeze(given);
  expect(pool.query()).toBe("itself");
});
