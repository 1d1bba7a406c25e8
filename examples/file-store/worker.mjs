import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const [name, folder, url] = process.argv.slice(2);
const failfast = createFailfast({ store: fileStore(folder) });
const salesApi = failfast("sales_api", 60, { results: (response) => response.status >= 500 });
const invoices = salesApi(async (customer) => fetch(`${url}/invoices/${customer}`));

await failfast.ready(); // what the other worker has found out
for (const customer of ["ann", "bob", "eve"]) {
  const { status } = await invoices(customer).catch((error) => error);
  console.log(`${name} worker: ${customer} ${status}, ${salesApi.state}`);
}
await failfast.settled(); // what this one has found out
await failfast.close();
