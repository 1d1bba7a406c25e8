import { failfast } from "failfast";

export const salesApi = failfast("sales_api", 60);

export const invoices = salesApi(async (backend, customer) => backend.invoices(customer));
