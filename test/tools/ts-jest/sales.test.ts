import { type Circuit, createFailfast, FailfastError, type FailfastEvents } from "failfast";

const failfast = createFailfast();
const salesApi: Circuit = failfast("sales_api", 60);

class Sales {
  @failfast("sales_database", 60)
  async invoices(customer: string): Promise<string[]> {
    if (customer === "nobody") throw new Error("down");
    return [customer];
  }
}

test("a circuit and a decorated method are typed", async () => {
  const opened: FailfastEvents["open"][] = [];
  failfast.on("open", (event) => opened.push(event));
  const sales = new Sales();
  expect(await sales.invoices("some")).toEqual(["some"]);
  await expect(sales.invoices("nobody")).rejects.toThrow("down");
  await expect(sales.invoices("some")).rejects.toThrow(FailfastError);
  expect(await salesApi.run(() => 1)).toBe(1);
  expect(opened.map(({ circuit }) => circuit)).toEqual(["sales_database"]);
});
