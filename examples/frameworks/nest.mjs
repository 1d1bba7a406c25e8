// Without a compiler, decorators are called as functions. docs/nest.md has the module and @Failfast.
import "reflect-metadata";
import { Controller, Get, Header, Module, Param } from "@nestjs/common";
import { APP_FILTER, NestFactory } from "@nestjs/core";
import { FailfastFilter } from "failfast/nest";
import { invoicesOf, metrics } from "./sales.mjs";

class SalesController {
  invoices(customer) {
    return invoicesOf(customer);
  }
  metrics() {
    return metrics.text();
  }
}
const { invoices, metrics: text } = Object.getOwnPropertyDescriptors(SalesController.prototype);
Get("invoices/:customer")(SalesController.prototype, "invoices", invoices);
Param("customer")(SalesController.prototype, "invoices", 0);
Get("metrics")(SalesController.prototype, "metrics", text);
Header("Content-Type", metrics.contentType)(SalesController.prototype, "metrics", text);
Controller()(SalesController);

class AppModule {}
Module({
  controllers: [SalesController],
  providers: [{ provide: APP_FILTER, useClass: FailfastFilter }],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(Number(process.env.PORT ?? 0), "127.0.0.1");
console.log(await app.getUrl());
