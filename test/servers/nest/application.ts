import "reflect-metadata";
import { type DynamicModule, Injectable, type Provider, type Type } from "@nestjs/common";
import { Test, type TestingModule } from "@nestjs/testing";
import { afterEach, vi } from "vitest";
import { Failfast } from "../../../src/frameworks/nest.js";

export const quiet = { log: false } as const;

/** Applications that a test started; they are closed after it. */
export const running: TestingModule[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const application of running.splice(0)) await application.close();
});

export async function start(
  imports: (DynamicModule | Type)[],
  providers: Provider[] = [],
): Promise<TestingModule> {
  const application = await Test.createTestingModule({ imports, providers }).compile();
  application.useLogger(false);
  running.push(application);
  return application.init();
}

/** What a call returned, or the code or message of its error. */
export const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (value) => value,
    (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
  );

export const DOWN = "the backend is down";
export const REJECTED = "ERR_FAILFAST_OPEN";
export const down = async (): Promise<string> => {
  throw new Error(DOWN);
};

@Injectable()
export class Sales {
  calls = 0;
  @Failfast("sales_api", 60)
  async invoices(_customer = ""): Promise<string> {
    this.calls++;
    return down();
  }
}
