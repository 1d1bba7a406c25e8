// Members that can't be guarded are refused by the types, and at run time for code without types; compiled in both
// modes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast } from "failfast";

const failfast = createFailfast();
// biome-ignore lint/suspicious/noExplicitAny: gets around the types
const circuit: any = failfast("x", 60);
// biome-ignore lint/suspicious/noExplicitAny: gets around the types
const circuits: any = failfast((host: string) => host, 60);

for (const [which, guard] of Object.entries({ "a circuit": circuit, "circuits by name": circuits })) {
  const refused = (kind: RegExp, define: () => unknown): void =>
    assert.throws(define, (error) => error instanceof TypeError && kind.test(error.message));

  test(`${which} refuses a getter and a setter`, () => {
    refused(/"total" is a getter/, () => {
      class Getter {
        @guard
        get total(): number {
          return 1;
        }
      }
      return Getter;
    });
    refused(/"limit" is a (setter|getter)/, () => {
      class Setter {
        @guard
        set limit(_: number) {}
      }
      return Setter;
    });
  });

  test(`${which} refuses a field, whatever it holds`, () => {
    refused(/"count" is a field/, () => {
      class Field {
        @guard
        count = 1;
      }
      return new Field();
    });
    refused(/"arrow" is a field/, () => {
      class Arrow {
        @guard
        arrow = async (): Promise<number> => 1;
      }
      return new Arrow();
    });
  });

  test(`${which} refuses an accessor`, () => {
    refused(/"kept" is a/, () => {
      class Accessor {
        @guard
        accessor kept = 1;
      }
      return Accessor;
    });
  });

  test(`${which} refuses a class`, () => {
    refused(/class/, () => {
      @guard
      class Whole {}
      return Whole;
    });
  });

  test(`${which} refuses generator methods`, () => {
    refused(/"items" is a generator function/, () => {
      class Items {
        @guard
        *items(): Generator<number> {
          yield 1;
        }
      }
      return Items;
    });
    refused(/"stream" is a generator function/, () => {
      class Stream {
        @guard
        async *stream(): AsyncGenerator<number> {
          yield 1;
        }
      }
      return Stream;
    });
  });
}

test("failfast without a call decorates nothing", () => {
  // biome-ignore lint/suspicious/noExplicitAny: gets around the types
  const bare: any = failfast;
  assert.throws(() => {
    class Bare {
      @bare
      async method(): Promise<void> {}
    }
    return Bare;
  }, TypeError);
});
