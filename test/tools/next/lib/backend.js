import { failfastFetch } from "failfast/fetch";

export const backend = failfastFetch({ name: "billing_api", timeout: "1h", consecutive: 2 });
