// A table that this process may only read or only write, or that has too little capacity: calls go on, and the table
// is not flooded.
import { describe, type ExpectStatic, test } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { dynamodbStore } from "../../../src/stores/dynamodb.js";
import { type AtEnd, atEndOf } from "../at-end.js";
import { documents, startDynalite, TABLE } from "./start-dynalite.js";

const named = (name: string): Error => Object.assign(new Error("refused"), { name, $fault: "client" });

interface Process {
  readonly failfast: Failfast;
  /** The store's events, and the requests of the process. */
  readonly told: string[];
  readonly asked: string[];
}

/** A process that shares a table. The service refuses requests for which `refuse` returns an error. */
function join(
  atEnd: AtEnd,
  port: number,
  refuse: (command: string) => Error | undefined = () => undefined,
): Process {
  const client = documents(port);
  const asked: string[] = [];
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const command = String((context as { commandName?: string }).commandName);
      asked.push(command);
      const error = refuse(command);
      if (error !== undefined) throw error;
      return next(args);
    },
    { step: "initialize" },
  );
  const failfast = createFailfast({ store: dynamodbStore(client, TABLE), timeout: 60, report: false });
  const told: string[] = [];
  failfast.on("store-down", () => told.push("store-down"));
  failfast.on("store-up", () => told.push("store-up"));
  atEnd(() => client.destroy());
  atEnd(() => failfast.close());
  return { failfast, told, asked };
}

async function started(atEnd: AtEnd): Promise<number> {
  const server = await startDynalite();
  atEnd(() => server.stop());
  return server.port;
}

/** Its circuit opens here, whatever the table answers, and every caller gets an answer. */
async function worksAlone(expect: ExpectStatic, { failfast }: Process): Promise<void> {
  const shop = failfast("shop");
  expect(await shop.run(async () => "served")).toBe("served");
  await expect(shop.run(() => Promise.reject(new Error("backend")))).rejects.toThrow("backend");
  expect(shop.state).toBe("open");
}

// They wait for what is tried again: all at the same time.
describe.concurrent("missing permissions", () => {
  test("to write: changes by others are seen, it is reported once, and a verb tries some dozen times", async (context) => {
    const { expect } = context;
    const atEnd = atEndOf(context);
    const port = await started(atEnd);
    const here = join(atEnd, port, (command) =>
      /Put/.test(command) ? named("AccessDeniedException") : undefined,
    );
    const there = join(atEnd, port);
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    await worksAlone(expect, here);
    expect(await here.failfast("shop").reset()).toMatchObject({ stored: false });
    expect(here.asked.filter((command) => /Put/.test(command)).length).toBeLessThan(40);
    await there.failfast("shop").hold("closed");
    await expect.poll(() => here.failfast("shop").held, { timeout: 15_000 }).toBe("closed");
    expect(here.told).toEqual(["store-down"]);
  });

  test.for(["AccessDeniedException", "UnrecognizedClientException"])(
    "for everything: %s",
    async (name, context) => {
      const { expect } = context;
      const atEnd = atEndOf(context);
      const here = join(atEnd, await started(atEnd), () => named(name));
      await here.failfast.ready();
      await worksAlone(expect, here);
      expect(await here.failfast("shop").reset()).toMatchObject({ stored: false });
      expect(here.told).toEqual(["store-down"]);
      expect(here.asked.length).toBeLessThan(60);
    },
  );
});

test.concurrent("a table that throttles every other request shares the state, and is not reported again and again", async (context) => {
  const { expect } = context;
  const atEnd = atEndOf(context);
  const port = await started(atEnd);
  let n = 1;
  // The same in each run, and independent of the requests.
  const throttles = (): boolean => {
    n = (n * 48_271) % 2_147_483_647;
    return n % 2 === 0;
  };
  const here = join(atEnd, port, () =>
    throttles() ? named("ProvisionedThroughputExceededException") : undefined,
  );
  const there = join(atEnd, port);
  await Promise.all([here.failfast.ready(), there.failfast.ready()]);
  await worksAlone(expect, here);
  await expect.poll(() => there.failfast("shop").state, { timeout: 30_000 }).toBe("open");
  await there.failfast("shop").reset();
  await expect.poll(() => here.failfast("shop").state, { timeout: 30_000 }).toBe("closed");
  expect(here.told.length).toBeLessThan(8);
});
