import { failfast } from "failfast";

const salesApi = failfast("sales_api", 60);
const invoices = salesApi(async (customer) => {
  throw new Error(`the backend of ${customer} is down`);
});

await invoices("ann").catch((error) => console.log(error.message));
await invoices("bob").catch((error) => console.log(error.message));
console.log(salesApi.state);
