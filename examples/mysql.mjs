// Circuits shared through MySQL or MariaDB: DATABASE_URL=mysql://root@127.0.0.1/shop node examples/mysql.mjs
import { createFailfast } from "failfast";
import { mysqlStore } from "failfast/mysql";
import { createPool } from "mysql2/promise";

const pool = createPool(process.env.DATABASE_URL ?? "mysql://root@127.0.0.1/shop");
const store = mysqlStore(pool, { prefix: "example" });
await store.migrate();
const failfast = createFailfast({ store });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
const [rows] = await pool.query("SELECT value FROM failfast WHERE prefix = 'example'");
console.log(salesApi.state, rows[0].value);
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
await pool.end();
