import { Controller, Get, Param, Post } from "@nestjs/common";
import type { Circuit } from "failfast";
import { InjectCircuit } from "failfast/nest";
import { SalesService } from "./sales.service.js";

@Controller()
export class SalesController {
  constructor(
    private readonly sales: SalesService,
    @InjectCircuit("sales_api") private readonly salesApi: Circuit,
  ) {}

  @Get("invoices/:customer")
  invoices(@Param("customer") customer: string): Promise<unknown> {
    return this.sales.invoices(customer);
  }

  /** For an operator, when the backend works again. */
  @Post("reset")
  async reset(): Promise<string> {
    await this.salesApi.reset({ reason: "over HTTP" });
    return this.salesApi.state;
  }
}
