// Circuits shared through PostgreSQL: DATABASE_URL=postgres://127.0.0.1/postgres node examples/postgres.mjs
import { createFailfast } from "failfast";
import { postgresStore } from "failfast/postgres";
import { Pool } from "pg";

const pool = new Pool({ connectionString: process.env.DATABASE_URL ?? "postgres://127.0.0.1/postgres" });
const store = postgresStore(pool, { prefix: "example" });
await store.migrate();
const failfast = createFailfast({ store });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
const { rows } = await pool.query("SELECT value FROM failfast WHERE prefix = 'example'");
console.log(salesApi.state, rows[0].value);
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
await pool.end();
