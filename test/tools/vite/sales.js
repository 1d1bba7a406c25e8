import { FailfastError, failfast } from "failfast";

export const salesApi = failfast("sales_api", "60s", { exceptions: (error) => error.message !== "fine" });
export const call = (fails) =>
  salesApi.run(async () => {
    if (fails) throw new Error("down");
    return "works";
  });
export { FailfastError };
