const { failfast } = require("failfast");

const salesApi = failfast("sales_api", 60);
const invoices = salesApi(async (backend, customer) => backend.invoices(customer));

module.exports = { salesApi, invoices };
