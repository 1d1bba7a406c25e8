import { failfast } from "failfast";

// Its open time is the default that instrumentation.js set.
export const salesApi = failfast("sales_api", undefined, { exceptions: (error) => error.message !== "fine" });
export const slowApi = failfast("slow_api", "50m");

export async function call(circuit, backend) {
  try {
    return await circuit.run(async () => {
      if (backend === "fails") throw new Error("down");
      return "works";
    });
  } catch (error) {
    return error.code ?? error.message;
  }
}
