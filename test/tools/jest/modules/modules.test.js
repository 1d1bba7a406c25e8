import { createRequire } from "node:module";
import { FailfastError, failfast } from "failfast";

test("the ES modules and the CommonJS build share their circuits", async () => {
  const other = createRequire(import.meta.url)("failfast");
  await expect(
    failfast("sales_api", 60).run(() => {
      throw new Error("down");
    }),
  ).rejects.toThrow("down");
  expect(other.failfast("sales_api").state).toBe("open");
  await expect(other.failfast("sales_api").run(() => 1)).rejects.toThrow(FailfastError);
});
