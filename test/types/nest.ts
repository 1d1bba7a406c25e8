// What users of Nest write with method decorators alone: standard and legacy ones alike.
import type { Circuit } from "failfast";
import {
  Failfast,
  FailfastFilter,
  FailfastHealthIndicator,
  FailfastInterceptor,
  FailfastModule,
  type FailfastModuleOptions,
  type FailfastOptionsFactory,
} from "failfast/nest";

class Sales {
  readonly tenant = "a";

  @Failfast("sales_api", 60, { exceptions: [TypeError], callTimeout: "2s" })
  async invoices(customer: string): Promise<number> {
    return customer.length + this.tenant.length;
  }

  @Failfast((host: string) => `api:${host}`, "30s")
  async get(host: string): Promise<string> {
    return host;
  }

  @Failfast("sales_api")
  now(): number {
    return 1;
  }

  // @ts-expect-error: the circuit is named by a text, and this is a number
  @Failfast((host: string) => `api:${host}`, "30s")
  async byNumber(id: number): Promise<number> {
    return id;
  }
}
const total: Promise<number> = new Sales().invoices("ann");
const now: number = new Sales().now();
// @ts-expect-error: it takes a string
void new Sales().invoices(1);
// @ts-expect-error: milliseconds have a unit
Failfast("x", "60");

class Options implements FailfastOptionsFactory {
  createFailfastOptions(): FailfastModuleOptions {
    return { timeout: 60, filter: false, log: false };
  }
}
const modules = [
  FailfastModule.forRoot(),
  FailfastModule.forRoot({ timeout: 60, threshold: 3 }),
  FailfastModule.forRootAsync({ useClass: Options }),
  FailfastModule.forRootAsync({
    inject: ["REDIS"],
    useFactory: (redis: { url: string }) => ({ host: redis.url }),
  }),
  FailfastModule.forFeature(["a", { name: "b", timeout: "30s", results: (status: number) => status >= 500 }]),
];
// @ts-expect-error: there is no such option
FailfastModule.forRoot({ treshold: 3 });
// @ts-expect-error: a circuit has a name
FailfastModule.forFeature([{ timeout: 60 }]);
const interceptors = [
  FailfastInterceptor("reports", 30),
  FailfastInterceptor((context) => context.getClass().name, 30, { slowCall: "2s" }),
];
declare const indicator: FailfastHealthIndicator;
const status: "up" | "degraded" | "down" = indicator.check("circuits", { down: ["x"] }).circuits.status;
declare const failfast: Failfast;
const circuit: Circuit = failfast("x");
void [total, now, modules, interceptors, status, circuit, FailfastFilter];
