// What users of Nest write with `experimentalDecorators` and `emitDecoratorMetadata`.
import { Injectable, Module, UseInterceptors } from "@nestjs/common";
import type { Circuit } from "failfast";
import { Failfast, FailfastInterceptor, FailfastModule, InjectCircuit, InjectFailfast } from "failfast/nest";

@Injectable()
export class Jobs {
  @InjectCircuit("billing") private readonly billing!: Circuit;

  constructor(
    @InjectCircuit("sales_api") private readonly salesApi: Circuit,
    @InjectFailfast() private readonly failfast: Failfast,
  ) {}

  @Failfast("sales_api", 60)
  @UseInterceptors(FailfastInterceptor("reports", 30))
  async run(): Promise<string[]> {
    return [this.billing.state, this.salesApi.state, this.failfast("x").state];
  }
}

@Module({
  imports: [FailfastModule.forRoot({ timeout: 60 }), FailfastModule.forFeature(["sales_api", "billing"])],
  providers: [Jobs],
})
export class AppModule {}
