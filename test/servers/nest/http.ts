import type { AddressInfo } from "node:net";
import type { DynamicModule, INestApplication, Provider, Type } from "@nestjs/common";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { Test } from "@nestjs/testing";

/** The HTTP adapters of Nest, by name. */
export const adapters = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
};

export interface Serving {
  readonly application: INestApplication;
  readonly url: string;
}

/** An application that serves on a free port of the loopback. */
export async function serve(
  adapter: keyof typeof adapters,
  from: {
    imports: (DynamicModule | Type)[];
    controllers: Type[];
    providers?: Provider[];
    configure?: (application: INestApplication) => void;
  },
): Promise<Serving> {
  const { configure, ...metadata } = from;
  const module = await Test.createTestingModule(metadata).compile();
  const application = module.createNestApplication(adapters[adapter](), { logger: false });
  configure?.(application);
  await application.listen(0, "127.0.0.1");
  const { port } = application.getHttpServer().address() as AddressInfo;
  return { application, url: `http://127.0.0.1:${port}` };
}
