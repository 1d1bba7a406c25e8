// A wrong statement doesn't open the circuit, but a lost database does: DATABASE_URL=postgres://… node examples/pool.mjs
import { failfast, isFailfastError } from "failfast";
import { guardPool } from "failfast/pool";
import pg from "pg";

const circuit = failfast("billing_database", "10s", { consecutive: 3 });
const pool = guardPool(circuit, new pg.Pool({ connectionString: process.env.DATABASE_URL }));
const ask = (statement, from = pool) =>
  from.query(statement).then(
    ({ rows }) => rows,
    (error) => (isFailfastError(error) ? "not asked" : error.code),
  );

console.log(await ask("SELECT 1 AS one"));
for (let n = 0; n < 5; n++) await ask("SELEC 1");
console.log(await ask("SELEC 1"), circuit.state);

const gone = guardPool(circuit, new pg.Pool({ host: "127.0.0.1", port: 9 }));
for (let n = 0; n < 4; n++) console.log(await ask("SELECT 1", gone));
await pool.end();
