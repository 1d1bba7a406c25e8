import { createFailfast } from "failfast";
import { failfastFetch } from "failfast/fetch";
import { guardPool } from "failfast/pool";
import { postgresStore } from "failfast/postgres";
import fastify from "fastify";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 1_000 });
pool.on("error", () => {}); // pg emits this when an idle connection breaks
const store = postgresStore(pool, { prefix: "shop" });
await store.migrate();
const failfast = createFailfast({ store, timeout: "30s" });
// The database's own circuit stays in this process, because the shared store is that same database.
const database = guardPool(failfast("orders_db", "10s", { scope: "process" }), pool);
const salesApi = failfastFetch({ failfast, name: "sales_api", callTimeout: "3s" });

const app = fastify();
app.get("/invoices/:customer", async (request, reply) => {
  const { customer } = request.params;
  const answer = await salesApi(`${process.env.SALES_API}/invoices/${customer}`);
  const { rows } = await database.query("SELECT $1::text AS customer", [customer]);
  return reply.code(answer.ok ? 200 : 502).send({ ...rows[0], answered: answer.status });
});

await failfast.ready();
console.log(`listening at ${await app.listen({ port: Number(process.env.PORT ?? 3000), host: "0.0.0.0" })}`);
process.once("SIGTERM", async () => {
  await app.close();
  await failfast.close();
  await pool.end();
});
