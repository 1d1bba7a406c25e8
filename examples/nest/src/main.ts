// A Nest application on Express (with ADAPTER=fastify: on Fastify), whose processes share their circuits:
// npm run build && STORE=/tmp/circuits SALES_API=http://127.0.0.1:9000 PORT=3000 npm start
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { AppModule } from "./app.module.js";

const app =
  process.env["ADAPTER"] === "fastify"
    ? await NestFactory.create(AppModule, new FastifyAdapter())
    : await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env["PORT"] ?? 3000, "127.0.0.1");
console.log(`listening at ${await app.getUrl()}`);
