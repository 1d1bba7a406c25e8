import fastify from "fastify";
import { invoicesOf, metrics } from "./sales.mjs";

const app = fastify();
app.get("/invoices/:customer", (request) => invoicesOf(request.params.customer));
app.get("/metrics", (_, reply) => reply.type(metrics.contentType).send(metrics.text()));

console.log(await app.listen({ port: Number(process.env.PORT ?? 0), host: "127.0.0.1" }));
