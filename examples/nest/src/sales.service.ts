import { Injectable } from "@nestjs/common";
import { Failfast } from "failfast/nest";

@Injectable()
export class SalesService {
  @Failfast("sales_api", 60)
  async invoices(customer: string): Promise<unknown> {
    const response = await fetch(`${process.env["SALES_API"]}/invoices/${customer}`);
    if (!response.ok) throw new Error(`the sales API answered ${response.status}`);
    return response.json();
  }
}
