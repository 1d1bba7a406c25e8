import { Module } from "@nestjs/common";
import { TerminusModule } from "@nestjs/terminus";
import { fileStore } from "failfast/file";
import { FailfastModule } from "failfast/nest";
import { HealthController } from "./health.controller.js";
import { SalesController } from "./sales.controller.js";
import { SalesService } from "./sales.service.js";

@Module({
  imports: [
    FailfastModule.forRoot({ store: fileStore(process.env["STORE"]) }),
    FailfastModule.forFeature(["sales_api"]),
    TerminusModule,
  ],
  controllers: [SalesController, HealthController],
  providers: [SalesService],
})
export class AppModule {}
