import { failfast } from "failfast";

// P2…: the database answered, but for P2024, no connection in time. All others: it can't be reached, or is in trouble.
const isFailure = ({ name, code }) =>
  name !== "PrismaClientValidationError" && (!/^P2/.test(code) || code === "P2024");
const database = failfast("billing_prisma", "10s", { exceptions: isFailure, callTimeout: "5s" });

/** A client of Prisma's, each of whose operations is behind a circuit. */
export const guard = (prisma) =>
  prisma.$extends({
    query: { $allOperations: ({ args, query }) => database.run(() => query(args)) },
  });
