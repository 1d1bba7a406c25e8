import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const [name, folder, url] = process.argv.slice(2);
const failfast = createFailfast({ store: fileStore(folder) });
const salesApi = failfast("sales_api", 60, { results: (response) => response.status >= 500 });
const invoices = salesApi(async (customer) => fetch(`${url}/invoices/${customer}`));

await failfast.ready(); // loads the state that the other worker has written
for (const customer of ["ann", "bob", "eve"]) {
  const { status } = await invoices(customer).catch((error) => error);
  console.log(`${name} worker: ${customer} ${status}, ${salesApi.state}`);
}
await failfast.settled(); // waits until this worker's trip is stored
await failfast.close();
